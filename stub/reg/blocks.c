/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers that KVM moves in structs: KVM_GET_REGS and its kin, described by arch->blocks, and x86's MSRs on kernels whose
 * KVM_GET_ONE_REG does not know them; and in parts of kvm_run. No struct of an architecture is included: a block is bytes.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <string.h>

#include "calls.h"

static unsigned long block_request(const struct arch_block *block, bool set)
{
	if (!block->get_nr)
		return set ? HOST_RUN_SET : HOST_RUN_GET;
	return set ? _IOC(_IOC_WRITE, KVMIO, block->set_nr, block->size) : _IOC(_IOC_READ, KVMIO, block->get_nr, block->size);
}

void block_call(struct host_call *call, const struct arch_block *block, const struct reg_item *item, bool set)
{
	*call = (struct host_call){
		.request = block_request(block, set),
		.arg = item->value,
		.size = block->size,
		.run_at = block->run_at,
		.run_sync = block->run_sync,
	};
}

/* KVM_X86_REG_MSR() in x86's <asm/kvm.h> since Linux 6.18: architecture, 64 bits, type 2; the low half is the index. */
#define MSR_ID_HIGH 0x20300002u

/* KVM_GET_MSRS and KVM_SET_MSRS: the size in the number is that of struct kvm_msrs without its entries. */
#define GET_MSRS _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x88, 8)
#define SET_MSRS _IOC(_IOC_WRITE, KVMIO, 0x89, 8)

bool is_msr(uint64_t key)
{
	return key >> 32 == MSR_ID_HIGH;
}

void msr_call(struct host_call *call, union call_arg *arg, const struct reg_item *item, bool set)
{
	arg->msr = (struct one_msr){ .nmsrs = 1, .index = (uint32_t)item->key };
	if (set)
		memcpy(&arg->msr.data, item->value, sizeof(arg->msr.data));
	*call = (struct host_call){
		.request = set ? SET_MSRS : GET_MSRS,
		.arg = &arg->msr,
		.size = sizeof(arg->msr),
	};
}

/* The ioctl returns how many entries it has done, and 0 is no error to it. It is -EINVAL here, as KVM_GET_ONE_REG says it. */
int msr_result(const struct host_call *call, const struct reg_item *item, bool set)
{
	const struct one_msr *msr = call->arg;

	if (call->err)
		return call->err;
	if (call->ret != 1)
		return -EINVAL;
	if (!set)
		memcpy(item->value, &msr->data, sizeof(msr->data));
	return 0;
}
