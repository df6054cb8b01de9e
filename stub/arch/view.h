/* SPDX-License-Identifier: BSD-2-Clause */
/* One vCPU, as arch/ sees it: values by key (through the register file), and guest-physical memory. */
#ifndef ARCH_VIEW_H
#define ARCH_VIEW_H

#include <stddef.h>
#include <stdint.h>

struct arch_entry;

struct view_value {
	uint64_t key, value;
};

struct view {
	/* A value of at most 8 bytes, zero-extended, or the first 8 of a longer one. 0 or -errno. */
	int (*get)(struct view *v, uint64_t key, uint64_t *value);
	/* Values of at most 8 bytes. */
	int (*set)(struct view *v, uint64_t key, uint64_t value);
	/* 0, or -EFAULT when any of it is not RAM. */
	int (*read_phys)(struct view *v, uint64_t gpa, void *buf, size_t len);
	/* Told of every entry that translate() (walk.h) finds in a table, from the root on; or NULL. */
	void (*saw)(struct view *v, const struct arch_entry *entry);
};

#endif
