/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vCPU has: what KVM lists, where it has a list, and lets be read. For tdesc_build(): every answer is from the kernel,
 * none from a table.
 */
#ifndef PRESENCE_H
#define PRESENCE_H

#include "slots.h"
#include "tdesc.h"
#include "transport.h"

struct presence {
	struct tdesc_source source; /* for tdesc_build() */
	struct transport *transport;
	struct slots slots; /* what was read so far */
	uint64_t *ids;	    /* sorted; NULL where KVM has no list */
	unsigned nids;
	bool whole; /* an id that is not among `ids` is not there */
	unsigned vcpu;
};

/*
 * Of this vCPU, which stands for all vCPUs of its VM, as far as a debugger is told. Its registers are read: where a VMM sets
 * registers up, the vCPU has to have run. The transport is the caller's, opened, and outlives the presence. 0, and
 * presence_free() ends it; or -errno when the vCPU cannot be reached.
 */
int presence_init(struct presence *p, struct transport *t, unsigned vcpu);
void presence_free(struct presence *p);

#endif
