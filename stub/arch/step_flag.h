/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where KVM steps by a flag among those of the guest (x86's TF): the flag goes wherever the flags are saved, and the guest
 * would trap as soon as it has them back, with nobody stepping. And KVM, told of a step, forgets whether the guest had set the
 * flag itself.
 *
 * KVM has to be told before each step: where the pc is another than when KVM was told (vcpu->arch.singlestep_rip,
 * arch/x86/kvm/x86.c), KVM loses the flag when it completes an access to a device or queues an exception, and the guest runs
 * on.
 */
#ifndef ARCH_STEP_FLAG_H
#define ARCH_STEP_FLAG_H

#include <stdbool.h>
#include <stdint.h>

#include "view.h"

/* Where a step of KVM's begins. */
struct flag_step {
	uint32_t queued;	/* give_back()'s *control: KVM has that exception to deliver first. Set before begins() */
	uint64_t pc, sp, flags; /* flags: as the guest has them, without what KVM sets for the step */

	/*
	 * The page that the step before was in, and the registers by which it was found: one step is as a rule in the same page
	 * as the last. Kept from step to step, 0 when memory was written meanwhile. Should the guest itself have mapped another
	 * page there, the step is one that is planned by other code.
	 */
	struct {
		uint64_t root, mode, va, pa;
	} code;

	bool ends_at; /* the guest comes to `end` without the flag, and is to be stopped there: by a debug register */
	uint64_t end;
};

/* What has become of the flags in that step. */
struct flag_step_end {
	/*
	 * The flags were saved, and the copy has not the guest's own flag: in the register `key`, or, when that is 0, in the
	 * byte va.
	 */
	bool copied;
	uint64_t key, va;
	uint64_t value; /* that the copy is to have */

	bool own;  /* the guest's own flag is set now, of which KVM knows nothing any more */
	bool trap; /* the guest's own flag was set before: when the step is complete, the guest's own trap is due */
};

struct arch_step_flag {
	uint64_t key, bit; /* where the flag is */
	/* Before a step, 0 or -errno; and behind the step, however it ended. Addresses are as translate() takes them. */
	int (*begins)(struct view *v, struct flag_step *s);
	void (*ended)(struct view *v, const struct flag_step *s, struct flag_step_end *end);
};

#endif
