/* SPDX-License-Identifier: BSD-2-Clause */
/* From a guest-virtual address to a guest-physical one: the walk through the page tables, and what an address means besides. */
#ifndef ARCH_WALK_H
#define ARCH_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

/* An entry of a page table, as a walk came by it. */
struct arch_entry {
	int level;	/* as the architecture's manual counts levels */
	bool leaf;	/* maps a page, or would if it were valid */
	uint64_t gpa;	/* where the entry is, and what is there */
	uint64_t value; /* zero-extended */
};

/*
 * A bit of such an entry by the name that the architecture's manual has for the bit, which is shown when the bit is set; or a
 * field, whose value is shown with the name when the value is not 0.
 */
struct arch_flag {
	uint64_t bits;
	const char *name;
	enum arch_flag_of {
		FLAG_OF_ALL,
		FLAG_OF_TABLE,
		FLAG_OF_LEAF
	} of;
	int level; /* entries of this level alone have the flag; 0: those of all */
};

/*
 * What the tables let the guest do with a page, all levels taken together: the kernel or the user, whoever may. ARCH_PAGE_USER:
 * the user may do some of it. What registers forbid at the moment (SMAP, PAN, MXR and the like) is not in the tables.
 */
#define ARCH_PAGE_READ (1u << 0)
#define ARCH_PAGE_WRITE (1u << 1)
#define ARCH_PAGE_EXEC (1u << 2)
#define ARCH_PAGE_USER (1u << 3)
#define ARCH_PAGE_ANY (ARCH_PAGE_READ | ARCH_PAGE_WRITE | ARCH_PAGE_EXEC | ARCH_PAGE_USER)
#define ARCH_PAGE_BARE (1u << 4) /* there is no page: nothing is translated here, and nothing forbidden */

/*
 * One translation: [va, va + size) is at pa, all in one page, or all where nothing is translated. Where there is none (-EFAULT,
 * -EIO) size is for how many bytes at least there is none, 0 when that cannot be told, and pa and access are 0.
 */
struct arch_page {
	uint64_t pa;
	uint64_t size;
	unsigned access; /* ARCH_PAGE_* */
};

struct arch_walk {
	/*
	 * The guest-virtual address va in the vCPU's present context. 0; -EFAULT when va is not mapped, -EIO when a table is
	 * outside RAM, -EOPNOTSUPP for a kind of translation that is not known here. The walk is bounded and reads tables by
	 * read_phys only; v->saw is told of every entry on the way.
	 */
	int (*translate)(struct view *v, uint64_t va, struct arch_page *page);
	/*
	 * What translate()'s -EOPNOTSUPP means in the present context, a sentence for messages; NULL: nothing more than that.
	 */
	const char *(*untranslated)(struct view *v);
	/*
	 * How many addresses from va on are others once more, or never mapped, since the bits above are ignored in the vCPU's
	 * present mode; 0: va is none of them. NULL: no address is, ever.
	 */
	uint64_t (*aliases)(struct view *v, uint64_t va);
	/*
	 * How many bits of an address count in the vCPU's present mode, in the lower half of the address space and in the upper
	 * one: above them may be a tag, or a code. 0 or -errno. NULL: all bits count.
	 */
	int (*address_bits)(struct view *v, unsigned *lower, unsigned *upper);
	/*
	 * Where the instruction at the pc is, as translate() takes it, where the pc alone does not say it; else NULL. 0 or
	 * -errno.
	 */
	int (*code_address)(struct view *v, uint64_t *addr);
	uint64_t
		handler; /* key of a register with an address in the kernel, once the kernel takes exceptions or system calls; 0: none */
	uint64_t vectors; /* key of the register that says where exceptions go; 0: none, or not by that alone */
	const struct arch_flag *entry_flags; /* of what v->saw is told of; ends with bits 0. NULL: no names for them */
};

#endif
