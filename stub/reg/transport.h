/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How values travel between a vCPU and us: the many-registers operation. Its one-by-one form is one_reg.c (an ioctl for each id)
 * and blocks.c (an ioctl for each struct); a kernel that takes many at once gets its own form beside them.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/arch.h"
#include "../host/host.h"

/* Register ioctls asked of the host so far, and the values they moved, by all vCPUs together. `monitor counters` shows them. */
struct reg_counters {
	_Atomic uint64_t gets, sets; /* ioctls */
	_Atomic uint64_t values;     /* ids and blocks */
};

struct transport {
	struct host *host;
	const struct arch *arch;
	bool msrs_by_id;       /* x86: the kernel has ONE_REG for MSRs (Linux 6.18); else KVM_GET_MSRS */
	uint32_t large_blocks; /* bit n: block n is read by its large_nr */
	struct reg_counters counters;
};

/* One value of a batch: a ONE_REG id with KEY_SIZE bytes, or KEY_BLOCK(nr, 0, 0) for a whole struct of the block's size. */
struct reg_item {
	uint64_t key;
	void *value;
	int err; /* out: 0 or -errno */
};

void transport_init(struct transport *t, struct host *host, const struct arch *arch);

/* Every item is tried and has its own err. 0, or -errno when the vCPU cannot be reached at all. */
int transport_get(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

/* In order; stops at the first refusal: the items behind it have err -ECANCELED. 0, or the refused item's errno. */
int transport_set(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

/*
 * What KVM lists, by KVM_GET_REG_LIST, or on x86 by KVM_GET_MSR_INDEX_LIST: the ids into *ids (to be freed by the caller), sorted,
 * and their number; -errno where the kernel has no list.
 */
int transport_list(struct transport *t, unsigned vcpu, uint64_t **ids);

/* Does the vCPU lack what is not listed? */
bool transport_list_is_whole(const struct transport *t);

/* KVM_GET_MP_STATE: one of KVM_MP_STATE_*; -errno where the architecture has none. */
int transport_mp_state(struct transport *t, unsigned vcpu, uint32_t *state);

/* A vCPU that waits for an interrupt (x86's HLT) is to run from where its pc is. 0, or -errno. */
int transport_wake(struct transport *t, unsigned vcpu);

#endif
