/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this host's KVM really does. Several hosts accept a debug request and do nothing, so each kind is tried once at start-up,
 * in a scratch VM, and only what was seen to work is offered.
 */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

#include <stdbool.h>

#include "../arch/arch.h"
#include "../host/host.h"

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
};

/*
 * Tries the scratch machine (vm_open_scratch), whose RAM begins at base, on the calling thread. 0, or -errno when it did not even
 * run; what could not be tried is false.
 */
int capabilities_probe(struct capabilities *caps, const struct arch *arch, struct host *scratch, uint64_t base);

#endif
