/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch of values on their way between a vCPU and us: its items, and what is known of the ways that there are on this host. */
#ifndef BATCH_H
#define BATCH_H

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
	enum batch batch; /* what was asked for */
	enum many_regs many;
	bool msrs_by_id;       /* x86: MSRs go by their ids (Linux 6.18); else by KVM_GET_MSRS */
	bool msrs_batched;     /* many MSRs in a KVM_GET_MSRS */
	uint64_t sync;	       /* KVM_SYNC_* of the blocks that KVM copies into kvm_run when a run ends */
	uint32_t large_blocks; /* bit n: block n is read by its large_nr */
	struct reg_counters counters;
};

/* One value of a batch: a ONE_REG id with KEY_SIZE bytes, or KEY_BLOCK(nr, 0, 0) for a whole struct of the block's size. */
struct reg_item {
	uint64_t key;
	void *value;
	int err; /* out: 0 or -errno */
};

#endif
