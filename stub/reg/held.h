/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside reg/ only: bits of one value that the vCPU is made to have otherwise than the guest left them. It lies between the slots and
 * the transport, so that whoever reads gets what the guest has there, and what is written is what the guest has from then on.
 */
#ifndef HELD_H
#define HELD_H

#include "transport.h"

struct held {
	bool on;
	bool lost;		    /* the vCPU may not have them as they were put any more */
	const struct arch_mask *is; /* which bits of what, and how they are kept */
	uint64_t own;		    /* the guest's */
};

/* As transport_get() and transport_set(). */
int held_get(const struct held *h, struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);
int held_set(struct held *h, struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

#endif
