/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Linux kernel has of its own on an architecture: where it maps itself and RAM, by what it tells in its VMCOREINFO
 * (Documentation/admin-guide/kdump/vmcoreinfo.rst), which task a vCPU runs, and how a core file has registers. Offsets are what a
 * virtual address is above its physical one, modulo 2^64.
 */
#ifndef ARCH_LINUX_H
#define ARCH_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

/* What the kernel tells under this name, as in "SYMBOL(_stext)". False: nothing. */
struct linux_told {
	bool (*number)(const struct linux_told *told, const char *name, uint64_t *value);
};

/* One register, by its key, as a walk through the kernel's own tables has to find it. */
struct linux_root {
	uint64_t key, value;
};

#define LINUX_ROOTS 3

/* A vector or floating-point note: the registers of these names, one behind the other, at `at`, and `stride` bytes from each to the next. */
struct linux_note_part {
	const char *const *names; /* ends with NULL */
	uint16_t at, stride;
};

struct linux_note {
	uint32_t type;	 /* NT_* */
	bool linux_name; /* the note's name is LINUX, else CORE */
	uint16_t size;
	const struct linux_note_part *parts; /* ends without names; or NULL: ... */
	size_t (*size_of)(struct view *v);   /* ... with size 0: what this says; at most as much as the block has */
	uint8_t block;			     /* ... the first bytes of this block of arch->regs.blocks */
	uint64_t head_key;		     /* with a block: 8 bytes of the value of this key go to head_at; or 0 */
	uint16_t head_at;
};

struct arch_linux {
	/* The offset of the kernel's image, or of the map of all RAM. False: the kernel does not tell. Either may be NULL. */
	bool (*image)(const struct linux_told *told, uint64_t *offset);
	bool (*linear)(const struct linux_told *told, uint64_t *offset);

	/* Where linear() is NULL: the lowest address that the map of all RAM may begin at; nothing else is mapped from there up to it. */
	uint64_t (*linear_least)(const struct linux_told *told);

	/*
	 * The registers with which the walk goes by swapper_pg_dir, which is at this physical address: how many, at most LINUX_ROOTS; 0: this
	 * vCPU can not tell. NULL: there is no such table.
	 */
	unsigned (*roots)(struct view *v, uint64_t table, struct linux_root *roots);

	/* The address of the task's struct. 0; -ENODATA: it is in no register now; or -errno. NULL: it never is. */
	int (*task)(struct view *v, uint64_t *task);

	/* ELF: e_machine, e_flags, and elf_gregset_t: so many words of 8 bytes. general(): the n-th. 0 or -errno. */
	uint16_t machine;
	uint32_t flags;
	uint16_t words;
	int (*general)(struct view *v, unsigned n, uint64_t *word);
	const struct linux_note *notes;
	unsigned nnotes;
};

extern const struct arch_linux aarch64_linux, ppc64_linux, riscv64_linux, x86_64_linux;

#endif
