/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: how one item of a batch becomes one ioctl. */
#ifndef CALLS_H
#define CALLS_H

#include "transport.h"

/* struct kvm_msrs of x86's <asm/kvm.h> with one entry; spelt out, for it is in no other architecture's header. */
struct one_msr {
	uint32_t nmsrs, pad;
	uint32_t index, reserved;
	uint64_t data;
};

/* struct kvm_one_reg: its addr is host_call's pointer. */
struct one_id {
	uint64_t id, addr;
};

/* What an ioctl is given besides the value; lives as long as its host_call. */
union call_arg {
	struct one_id id;
	struct one_msr msr;
};

/* one_reg.c: KVM_GET_ONE_REG or KVM_SET_ONE_REG */
void one_reg_call(struct host_call *call, union call_arg *arg, const struct reg_item *item, bool set);

/* one_reg.c: what KVM means by an error of any of these ioctls, its name first */
const char *call_reason(int err);

/* blocks.c: a whole struct; the value is the argument. large: by the block's large_nr */
void block_call(struct host_call *call, const struct arch_block *block, const struct reg_item *item, bool set, bool large);

/* blocks.c: KVM_GET_MSRS or KVM_SET_MSRS for the id of an MSR. The value travels in arg: msr_result() fetches it. */
bool is_msr(uint64_t key);
void msr_call(struct host_call *call, union call_arg *arg, const struct reg_item *item, bool set);
int msr_result(const struct host_call *call, const struct reg_item *item, bool set);

/* blocks.c: what KVM_GET_MSR_INDEX_LIST says, as transport_list() does */
int msr_list(struct host *host, uint64_t **ids);

#endif
