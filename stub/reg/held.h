/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside reg/ only: bits of one value that the vCPU is made to have otherwise than the guest left them. This layer lies between
 * the slots and the transport, so that who reads gets the guest's own bits, and bits that are written are the guest's own from
 * then on.
 */
#ifndef HELD_H
#define HELD_H

#include "transport.h"

struct held {
	bool on;
	bool lost;		    /* the vCPU may have other bits by now than the held ones */
	const struct arch_mask *is; /* which bits of which register, and their held value */
	uint64_t own;		    /* the guest's own bits */
};

/* As transport_get() and transport_set(). */
int held_get(const struct held *h, struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);
int held_set(struct held *h, struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

#endif
