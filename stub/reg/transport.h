/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How values travel between a vCPU and us: the many-registers operation. Each value goes by the first of these ways that takes
 * its key (transport.c has the table):
 *
 *   blocks.c      a struct ioctl for all registers that are in it; none where KVM has left a copy in kvm_run
 *   device.c      attributes of the interrupt controller in KVM
 *   msrs.c        x86's MSRs: KVM_GET_MSRS, many in a call
 *   many_regs.c   ids: KVM_GET_MANY_REGS, where the kernel or our module has it
 *   one_reg.c     ids: KVM_GET_ONE_REG each
 *
 * Which way it was, nobody can tell by the values or the errors.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/arch.h"
#include "../host/host.h"

/* What may be used. The names are those of --batch. */
enum batch {
	BATCH_AUTO,   /* whatever this host has */
	BATCH_MANY,   /* KVM_GET_MANY_REGS for whatever has an id */
	BATCH_BLOCKS, /* what KVM's own interface moves together, and no KVM_GET_MANY_REGS */
	BATCH_ONE,    /* a system call for each id, MSR and struct */
	BATCHES
};
extern const char *const batch_names[BATCHES];

/* Where KVM_GET_MANY_REGS is. */
enum many_regs {
	MANY_REGS_NONE,
	MANY_REGS_VCPU,	 /* an ioctl of the vCPU: the kernel has it */
	MANY_REGS_DEVICE /* an ioctl of /dev/kvm_many_regs: our module */
};

/* Asked of the host so far, by all vCPUs together. */
struct reg_counters {
	_Atomic uint64_t gets, sets; /* ioctls for registers */
	_Atomic uint64_t values;     /* ids, MSRs and blocks that they moved */
	_Atomic uint64_t copies;     /* blocks that were found in kvm_run: no system call */
};

struct transport {
	struct host *host;
	const struct arch *arch;
	enum many_regs many;
	bool msrs_by_id;       /* x86: MSRs go by their ids (Linux 6.18); else by KVM_GET_MSRS */
	bool msrs_batched;     /* many MSRs in a KVM_GET_MSRS */
	uint64_t sync;	       /* KVM_SYNC_* of the blocks that KVM copies into kvm_run when a run ends */
	uint32_t large_blocks; /* bit n: block n is read by its large_nr */
	struct reg_counters counters;
};

/* The counters as they are now. Any thread. */
struct reg_counters transport_counted(const struct transport *t);

/* One value of a batch: a ONE_REG id with KEY_SIZE bytes, or KEY_BLOCK(nr, 0, 0) for a whole struct of the block's size. */
struct reg_item {
	uint64_t key;
	void *value;
	int err; /* out: 0 or -errno */
};

/* 0; -EOPNOTSUPP when BATCH_MANY is asked for and this host has no KVM_GET_MANY_REGS. Chosen here, once. */
int transport_init(struct transport *t, struct host *host, const struct arch *arch, enum batch batch);

/* Every item is tried and has its own err. 0, or -errno when the vCPU cannot be reached at all. */
int transport_get(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

/* In order; stops at the first refusal: the items behind it have err -ECANCELED. 0, or the refused item's errno. */
int transport_set(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n);

/* Does this value cost no system call more when others of its kind are asked for in the same batch? */
bool transport_batches(const struct transport *t, uint64_t key);

/* For people: by which call this value is had. The same text, at the same address, for all that go the same way. */
const char *transport_way(const struct transport *t, uint64_t key);

/*
 * What KVM lists, by KVM_GET_REG_LIST, or on x86 by KVM_GET_MSR_INDEX_LIST: the ids into *ids (to be freed by the caller), sorted,
 * and their number; -errno where the kernel has no list.
 */
int transport_list(struct transport *t, unsigned vcpu, uint64_t **ids);

/* Does the vCPU lack what is not listed? */
bool transport_list_is_whole(const struct transport *t);

/* KVM_GET_MP_STATE: one of KVM_MP_STATE_*; -errno where the architecture has none. */
int transport_mp_state(struct transport *t, unsigned vcpu, uint32_t *state);

/* Can that be had? */
bool transport_has_mp_state(const struct transport *t);

/* Does a vCPU in this state execute nothing until another one, or the VMM, brings it up? No interrupt does. */
bool mp_state_is_off(uint32_t state);

/* A vCPU that waits for an interrupt (x86's HLT) is to run from where its pc is. 0, or -errno. */
int transport_wake(struct transport *t, unsigned vcpu);

#endif
