/* SPDX-License-Identifier: BSD-2-Clause */
/* What KVM_RUN came back with: what it is to the debugger, and what has to be done so that the guest does not notice that somebody looked. */
#ifndef ARCH_EXIT_H
#define ARCH_EXIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../host/host.h"
#include "view.h"

/* What an exit is to the debugger. */
enum hit_kind {
	HIT_NONE, /* not the debugger's: the guest cannot go on by itself */
	HIT_STEP,
	HIT_PLANTED, /* at a trap opcode, ours or the guest's own, at addr; at the pc when the hardware does not say it */
	HIT_EXEC,    /* a hardware execution breakpoint; x86: or a watchpoint, which only `slots` can tell */
	HIT_WATCH,   /* addr: of the data, when the hardware says it */
	HIT_OWN	     /* a debug exception that nobody but the guest can have asked for */
};

struct arch_hit {
	enum hit_kind kind;
	bool have_addr; /* addr is what the hardware said; else it is 0 */
	uint64_t addr;
	/*
	 * x86: bit n: slot n of the last debug.encode() was hit, counted over its points by point_slots(). A slot that is not in use
	 * may have its bit set as well (DR6 says so of any that matches). 0 where the hardware does not say.
	 */
	unsigned slots;
	bool emulated; /* KVM's instruction emulator gave up here: a planted opcode, if there is one at the pc */
	bool stepped;  /* a step was completed as well */
	unsigned past; /* HIT_PLANTED: the pc is so many bytes behind the opcode, and is to go back */
};

/* What an instruction does with a device: n accesses, one behind the other, of `size` bytes each, in the guest's order. */
#define ARCH_ACCESSES 2

struct arch_access {
	uint64_t pa;
	bool write;
	unsigned n, size;
	uint8_t data[ARCH_ACCESSES][8];
};

struct arch_exit {
	/* What the exit means. Only kind EXIT_KVM is given. */
	void (*classify)(const struct vcpu_exit *exit, struct arch_hit *hit);

	/* A sentence on an exit that is HIT_NONE, without newline. */
	void (*describe)(const struct vcpu_exit *exit, char *text, size_t size);

	/*
	 * The debug exception behind this exit is the guest's own: the guest takes it, as if nobody had looked. Either by registers, and
	 * then the vCPU is at its handler; or by *control, bits for the next KVM_SET_GUEST_DEBUG, and the vCPU takes it when it runs on. 0
	 * or -errno: -EOPNOTSUPP in a mode that is not known here. NULL where there is no host for it yet.
	 */
	int (*give_back)(struct view *v, const struct vcpu_exit *exit, uint32_t *control);

	/*
	 * Is this exit an access to a device that KVM does not carry out, by the instruction at the pc, which is code? 0 and the access,
	 * with its data if it is a write; -ENOENT when it is no such exit; or -EOPNOTSUPP and a sentence. When it has been done, with the
	 * data filled in if it is a read, accessed() makes the rest of the instruction happen: 0 or -errno. NULL: KVM carries out all.
	 */
	int (*access)(struct view *v, const struct vcpu_exit *exit, const uint8_t *code, size_t len, struct arch_access *access,
		char *why, size_t size);
	int (*accessed)(struct view *v, const uint8_t *code, struct arch_access *access);
};

#endif
