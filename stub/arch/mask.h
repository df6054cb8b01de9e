/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How interrupts are kept from a step where KVM_SET_GUEST_DEBUG cannot: while the bits of a register that let interrupts through are held
 * at `masked`, the vCPU takes none. What an instruction does to the bits, or with them, is put right after it.
 */
#ifndef ARCH_MASK_H
#define ARCH_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view.h"

/* What the instruction at the pc has to do with the bits. All 0: nothing. */
struct arch_mask_use {
	bool needs_own; /* the instruction has to find the guest's own bits: it looks at them, or waits for what they let through */
	bool replaces;	  /* the instruction brings all of the bits: they are the guest's own afterwards */
	uint64_t read_to; /* key of the register that the instruction copies the bits to, to the same places; 0: none */
	uint64_t sets, clears;
};

#define ARCH_HANDLERS 8

struct arch_mask {
	uint64_t key; /* of 8 bytes */
	uint64_t bits, masked;

	/* *use, which comes zeroed; code is what is at the pc, len > 0. */
	void (*use)(struct view *v, const uint8_t *code, size_t len, struct arch_mask_use *use);

	/*
	 * Is the vCPU at the handler of an exception that the instruction at `from` has brought about? Then the key of the register
	 * in which the bits were saved, at the same places; else 0. NULL where no exception saves them.
	 */
	uint64_t (*saved)(struct view *v, uint64_t from);

	/*
	 * Where the instruction's exceptions go, for a software step to end there; how many. NULL where nothing has to be put right
	 * before a handler runs.
	 */
	unsigned (*handlers)(struct view *v, const uint8_t *code, size_t len, uint64_t at[ARCH_HANDLERS]);
};

#endif
