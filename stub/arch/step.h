/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instruction: by KVM's own single-step and what has to be put right around it, or by breakpoints wherever the guest may go
 * on.
 */
#ifndef ARCH_STEP_H
#define ARCH_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "mask.h"
#include "step_flag.h"
#include "view.h"
#include "walk.h"

/* What a software step is told and tells: bytes of code from the pc on, and places where the guest may go on. */
#define ARCH_CODE_SIZE 128
#define ARCH_SUCCESSORS 8

struct arch_step {
	/* KVM_GUESTDBG_BLOCKIRQ, where KVM may have it (KVM_CAP_SET_GUEST_DEBUG2 says); or 0. */
	uint32_t block_irq;
	const struct arch_mask *mask; /* how else interrupts are kept from a step; or NULL */

	const struct arch_step_flag *flag; /* by which KVM steps; or NULL */

	/*
	 * What KVM cannot single-step; else NULL. Fills in the addresses at one of which the guest goes on after the
	 * instruction at pc, and returns how many, or -errno: -EOPNOTSUPP for an instruction that has no successor. 0: KVM's
	 * single-step will do. code is what is there, up to where memory ends. A sequence that has to run undisturbed, from a
	 * load-reserved or -exclusive to its store, is one instruction.
	 */
	int (*successors)(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS]);

	/*
	 * Where `next` is, one of the addresses that successors() told for this code; or, with code NULL, one of the handlers
	 * of struct arch_mask. As translate(), in the context that the vCPU has there; 1: in the present context. NULL: always
	 * in that.
	 */
	int (*translate_next)(struct view *v, const uint8_t *code, size_t len, uint64_t next, struct arch_page *page);
};

#endif
