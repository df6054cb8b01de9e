/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host's KVM was seen to do: only that is offered. run/probe.h fills it in. */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

#include <stdbool.h>

#include "target.h"

struct capabilities {
	bool step;		 /* hardware single-step */
	bool block_irq;		 /* ... during which interrupts wait: what KVM says, not tried */
	bool planted;		 /* a planted opcode comes back to us */
	bool planted_by_error;	 /* ... as an error of KVM's instruction emulator */
	bool exec;		 /* an execution breakpoint in a debug register */
	bool watch[POINT_TYPES]; /* POINT_WRITE, POINT_READ, POINT_ACCESS */
	unsigned exec_slots;	 /* how many of them */
	unsigned watch_slots;
	bool shared_slots; /* one set of slots for both kinds */
	bool untried;	   /* there was no /dev/kvm to try it with: nothing above is offered */
};

#endif
