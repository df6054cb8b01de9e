/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions to KVM about the memory slots of a VM in another process, by ioctls that KVM refuses. Of a slot that is to be new
 * KVM first looks whether it overlaps another (-EEXIST); what it looks at later is such that the slot is refused then
 * (virt/kvm/kvm_main.c, kvm_set_memory_region()). So a range of guest-physical addresses has memory somewhere, or has none.
 */
#ifndef MEMSLOTS_ASK_H
#define MEMSLOTS_ASK_H

#include "../refuse.h"
#include "memslots_table.h"

#define ASK_BATCH 128 /* ioctls that are handed over at once */

struct ask_form;

struct ask {
	const struct memslots_vm *vm;
	const struct ask_form *form;
	uint64_t refused, refused_end; /* a mapping of the VMM that KVM takes for no slot */
	uint64_t end;		       /* no guest-physical address is as high */
	uint64_t most;		       /* bytes that one question may be about */
	uint64_t occupied;	       /* a page that is in a slot */
	unsigned id;		       /* of no slot */
	unsigned left;		       /* how many more slots ask_exact() may be asked for: -E2BIG behind that */
};

/*
 * Finds out how to ask. 0; or a sentence and -EOPNOTSUPP, this kernel would make the slot that is asked for; or another -errno.
 */
int ask_open(struct ask *a, const struct memslots_vm *vm, const struct refusal *why);

/* For each of at most ASK_BATCH ranges whether any page of it is in a slot. 0 or -errno. */
int ask_touches(struct ask *a, const uint64_t *start, const uint64_t *size, bool *touches, unsigned n);

/* The first page from `from` on that is in a slot, or a->end. 0 or -errno. */
int ask_first(struct ask *a, uint64_t from, uint64_t *first);

/* A page behind `from` that is in no slot while the page before it is in one, as `from` is. 0 or -errno. */
int ask_end(struct ask *a, uint64_t from, uint64_t *end);

/* For at most ASK_BATCH ids whether there is such a slot. 0 or -errno. */
int ask_ids(struct ask *a, const unsigned *id, bool *exists, unsigned n);

/* Whether the slot of this id has dirty logging: 0 or 1; -EPROTO, that cannot be told; or another -errno. */
int ask_dirty_log(struct ask *a, unsigned id);

/*
 * Whether one of at most ASK_BATCH slots is there exactly so, flags as well: its number, n if none is, or -errno. That is the
 * one question that is answered by "nothing to change", so that each must meet this: there is a slot of its id, the dirty
 * logging of which is as in its flags; and some slot begins at its gpa. Then KVM can take it for nothing else: it is no new
 * slot, and if its id is that of another slot than the one which begins there, it cannot be moved to where that is.
 */
int ask_exact(struct ask *a, const struct memslot *slot, unsigned n);

#endif
