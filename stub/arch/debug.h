/* SPDX-License-Identifier: BSD-2-Clause */
/* What a debugger asks of a vCPU's hardware: breakpoints and watchpoints in debug registers, and KVM_SET_GUEST_DEBUG's words for them. */
#ifndef ARCH_DEBUG_H
#define ARCH_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../target.h"
#include "fetch.h"
#include "own.h"
#include "view.h"

#define ARCH_HW_MAX 32

struct arch_point {
	enum point_type type; /* POINT_HARDWARE or a watchpoint; never POINT_SOFTWARE */
	uint64_t addr, len;
};

/* What is wanted of a vCPU in its next run. */
struct debug_request {
	bool step;
	bool block_irq; /* while the vCPU steps, interrupts wait */
	bool planted;	/* opcodes are planted in memory */
	unsigned n;
	struct arch_point hw[ARCH_HW_MAX];

	/*
	 * Where this one step ends when KVM's own would not (struct flag_step): an execution point behind the others. Where the others
	 * leave no room, it takes the place of the last: before that one instruction is done no other point is met.
	 */
	bool ends_at;
	uint64_t end;
	struct arch_own
		*own; /* the guest's own registers, to be held as well where there is room; encode() says where. Or NULL */
};

#define ARCH_DEBUG_SIZE 512 /* of struct kvm_guest_debug_arch, largest on arm64 */

struct arch_debug {
	/* KVM_CAP_GUEST_DEBUG_HW_BPS and _WPS where the kernel counts; else `slots` serve both kinds. */
	bool slots_by_cap;
	unsigned slots;

	/* How many hardware slots of its kind a point needs: 0 when the hardware cannot do it. */
	unsigned (*point_slots)(const struct arch_point *p);

	/* Fills the control word and ARCH_DEBUG_SIZE bytes; returns how many of them the kernel's struct has. */
	size_t (*encode)(const struct debug_request *d, uint32_t *control, void *bytes);

	/*
	 * The bytes of a debug register's instruction at va, 0 when no instruction can begin there; kind is the packet's. NULL: by
	 * arch->insn_align.
	 */
	unsigned (*insn_at)(struct view *v, uint64_t va, uint64_t kind);

	bool watch_after; /* watchpoints report after the access, with the pc past it */
	bool exec_before_fetch; /* a debug register is compared before an instruction is fetched, and comes before what that brings about */
	const struct arch_fetch *fetch;	  /* where that is not so; or NULL */
	const struct arch_own_debug *own; /* the guest's own debug registers, where the debugger's displace them; else NULL */
};

#endif
