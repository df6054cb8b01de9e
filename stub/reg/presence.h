/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vCPU has: what KVM lists, where it has a list, and lets be read. For tdesc_build(), once, at start-up: every answer is
 * from the kernel, none from a table.
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
	uint64_t *ids;	    /* sorted; NULL where there is no list */
	unsigned nids;
	bool whole; /* what is not in it is not there */
};

/* Of vCPU 0; all have the same. The transport is the caller's. Free it with presence_free(). */
void presence_init(struct presence *p, struct transport *t);
void presence_free(struct presence *p);

#endif
