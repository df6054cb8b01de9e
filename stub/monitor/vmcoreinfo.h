/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMCOREINFO: what a Linux kernel keeps in a page of its memory for those who look at it from outside (kernel/vmcore_info.c), from a
 * subsys_initcall on; and the kernel's virtual memory by that, whatever page tables are in use.
 */
#ifndef VMCOREINFO_H
#define VMCOREINFO_H

#include "linux.h"

#define VMCOREINFO_MAX 0x10000 /* bytes: a page, of any size that Linux has */

struct vmcoreinfo {
	struct linux_told told; /* first: told.number() is of this one */
	struct vcpu *vcpu;	/* by whose registers tables are walked */
	uint64_t pa;
	uint64_t image, linear; /* what a virtual address is above its physical one: of the kernel, and in the map of all RAM */
	bool has_linear;
	struct linux_root root[LINUX_ROOTS];
	unsigned nroots; /* 0: no tables */
	struct {
		uint64_t va;
		struct arch_page page;
	} seen[4]; /* where pages were found */
	unsigned next;
	size_t size;
	char text[VMCOREINFO_MAX + 1];
};

/*
 * That of the kernel with this banner, to be freed by the caller. NULL and *err: -ENOENT: there is none; -ESTALE: only that of another
 * kernel, or of one that ran before; -EOPNOTSUPP: not on this architecture; -ENOMEM.
 */
struct vmcoreinfo *vmcoreinfo_find(const struct linux_banner *b, int *err);

/* As in "SYMBOL(_stext)", "OFFSET(list_head.next)", "KERNELOFFSET". */
bool vmcoreinfo_number(const struct vmcoreinfo *i, const char *name, uint64_t *value);

/* Where a kernel's virtual address is. 0 or -EFAULT. */
int vmcoreinfo_translate(struct vmcoreinfo *i, uint64_t va, struct arch_page *page);

/* All of it: 0, or -EFAULT. And a number of at most 8 bytes, as the guest has it. */
int vmcoreinfo_read(struct vmcoreinfo *i, uint64_t va, void *buf, size_t len);
int vmcoreinfo_read_number(struct vmcoreinfo *i, uint64_t va, unsigned size, uint64_t *value);

/* The first and the last address of the kernel's own mapping, as far as its image is mapped: [*start, *end). */
void vmcoreinfo_image(struct vmcoreinfo *i, uint64_t *start, uint64_t *end);

#endif
