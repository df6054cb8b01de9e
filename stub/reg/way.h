/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: what a way of moving values is, and what the ways share. Which ways there are, transport.c knows. */
#ifndef WAY_H
#define WAY_H

#include "batch.h"

/*
 * One way of moving values. get() tries each of the items and gives it its err; the result is 0, or -errno when the vCPU cannot
 * be reached. set() goes in order up to the first refusal, whose errno is the result; each item that was tried has its err
 * then.
 */
struct way {
	const char *(*name)(const struct transport *t, uint64_t key); /* as transport_way() */
	bool (*takes)(const struct transport *t, uint64_t key);
	int (*get)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n);
	int (*set)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n);
};

/* Hands ioctls for registers to the host, and counts the ioctls. As host_ops.calls. */
int way_calls(struct transport *t, unsigned vcpu, struct host_call *calls, unsigned n, bool set);

/* Items that a way is given at once, and those for which a way has arrays on its stack. */
#define WAY_MAX 512u
#define WAY_CHUNK 64u

/* A get() that takes WAY_CHUNK items at a time, at most, by get_chunk. */
int way_get_chunks(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*get_chunk)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n));

/* A set() that sends its items down one by one, each by set_one. */
int way_set_each(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*set_one)(struct transport *t, unsigned vcpu, struct reg_item *item));

#endif
