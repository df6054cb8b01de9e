/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: the ways that transport.c chooses from, and what they share. */
#ifndef CALLS_H
#define CALLS_H

#include "transport.h"

/*
 * One way of moving values. get() tries each of the items and gives it its err; its result is 0, or -errno when the vCPU cannot
 * be reached. set() goes in order up to the first refusal, whose errno is the result; it gives each item that it tried its err.
 */
struct way {
	const char *(*name)(const struct transport *t, uint64_t key); /* as transport_way() */
	bool (*takes)(const struct transport *t, uint64_t key);
	int (*get)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n);
	int (*set)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n);
};

extern const struct way blocks_way, device_way, msrs_way, many_regs_way, one_reg_way;

/* Hands ioctls for registers to the host, and counts them. As host_ops.calls. */
int transport_calls(struct transport *t, unsigned vcpu, struct host_call *calls, unsigned n, bool set);

/* Items that transport.c gives a way at once, and those for which a way has arrays on its stack. */
#define TRANSPORT_MAX 512u
#define WAY_CHUNK 64u

/* transport.c: a get() that takes WAY_CHUNK items at a time, at most, by get_chunk. */
int get_chunks(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*get_chunk)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n));

/* transport.c: a set() that sends its items down one by one, each by set_one. */
int set_each(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*set_one)(struct transport *t, unsigned vcpu, struct reg_item *item));

/* many_regs.c: looks for KVM_GET_MANY_REGS */
enum many_regs many_regs_find(struct transport *t);

/* blocks.c: the blocks that are to be found in kvm_run after a run, and those that are read by their large_nr */
uint64_t blocks_sync(struct transport *t);
uint32_t blocks_large(const struct transport *t);

/* msrs.c */
bool is_msr(uint64_t key);
bool msrs_have_ids(struct transport *t);	 /* does KVM_GET_ONE_REG know them? */
int msr_list(struct host *host, uint64_t **ids); /* what KVM_GET_MSR_INDEX_LIST says, as transport_list() does */

/* one_reg.c: what KVM means by an error of any of these ioctls, its name first */
const char *call_reason(int err);

/* one_reg.c: for qsort() and bsearch() */
int ids_compare(const void *a, const void *b);

#endif
