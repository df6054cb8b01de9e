/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instruction that is carried out for a vCPU which is outside the guest, in place of its processor: what is under the opcode of a
 * breakpoint, as a rule one of a function's first. Each architecture has a table of those that it knows: they reckon with general
 * registers, and store no more than one piece, to the stack.
 */
#ifndef ARCH_EMULATE_H
#define ARCH_EMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"
#include "walk.h"

#define ARCH_EFFECT_VALUES 4
#define ARCH_EFFECT_STORE 16

/* All that the instruction does. Until it is applied nothing has happened. */
struct arch_effect {
	const char *name; /* the row of the table */
	unsigned n;
	struct view_value value[ARCH_EFFECT_VALUES]; /* of registers, the pc among them */

	/* So many bytes to guest-physical pa, in one page, after which come the registers; 0: nothing is stored. */
	unsigned size;
	uint64_t pa;
	uint8_t bytes[ARCH_EFFECT_STORE];
};

struct arch_emulate {
	/*
	 * What the instruction at the pc does, which begins with these bytes: up to the end of its page, of which some may execute. 0;
	 * -ENOENT: it is not in the table, or the vCPU is in a state in which there is more to it than the table knows: an
	 * exception or a trap of its own that is due, a page that is another's to execute, a store that would fault. Or -errno.
	 *
	 * Memory is stored to for the kernel alone, by its stack pointer, where the tables have nothing left to note (accessed,
	 * dirty). A page of a process another vCPU may move between the walk and the store; the stack that a kernel is on stays.
	 *
	 * An interrupt that is pending comes one instruction later: that is as if it had been raised so much later.
	 */
	int (*effect)(
		struct view *v, const struct arch_page *page, const uint8_t *code, size_t len, struct arch_effect *effect);

	/* The n-th row of the table, for tests: the bits of the opcode that `mask` has are as in `value`. False: there is none. */
	bool (*row)(unsigned n, const char **name, uint32_t *mask, uint32_t *value);
};

/* The effect's next value. There is room for those of any row. */
static inline void effect_set(struct arch_effect *e, uint64_t key, uint64_t value)
{
	e->value[e->n++] = (struct view_value){ key, value };
}

/* May it be executed by who is there, the user or the kernel? A user's page the kernel may not where it is kept from that: it is not asked. */
static inline bool effect_is_allowed(const struct arch_page *page, bool user)
{
	bool users = page->access & ARCH_PAGE_USER;

	return page->access & ARCH_PAGE_EXEC && (page->access & ARCH_PAGE_BARE || users == user);
}

/* A little-endian number of size bytes is stored. */
static inline void effect_store(struct arch_effect *e, uint64_t pa, uint64_t value, unsigned size)
{
	e->pa = pa;
	for (unsigned i = 0; i < size && i < sizeof(value); i++)
		e->bytes[e->size++] = (uint8_t)(value >> 8 * i);
}

#endif
