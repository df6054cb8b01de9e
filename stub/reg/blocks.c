/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers that KVM moves in structs: KVM_GET_REGS and its kin, described by arch->blocks, and x86's MSRs on kernels whose
 * KVM_GET_ONE_REG does not know them; and in parts of kvm_run. No struct of an architecture is included: a block is bytes.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

static unsigned long block_request(const struct arch_block *block, bool set, bool large)
{
	unsigned size = block->coded ? block->coded : block->size;

	if (!block->get_nr)
		return set ? HOST_RUN_SET : HOST_RUN_GET;
	if (set)
		return _IOC(_IOC_WRITE, KVMIO, block->set_nr, size);
	return _IOC(block->entries ? _IOC_READ | _IOC_WRITE : _IOC_READ, KVMIO, large ? block->large_nr : block->get_nr, size);
}

void block_call(struct host_call *call, const struct arch_block *block, const struct reg_item *item, bool set, bool large)
{
	uint32_t entries = block->entries;

	if (entries)
		memcpy(item->value, &entries, sizeof(entries));
	*call = (struct host_call){
		.request = block_request(block, set, large),
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

/* KVM_GET_MSR_INDEX_LIST's struct kvm_msr_list: a number, then so many indices. */
#define GET_MSR_INDEX_LIST _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x02, 4)
#define LIST_ROOM 4096

struct index_list {
	uint32_t n;
	uint32_t index[LIST_ROOM];
};

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int msr_ids(const struct index_list *list, uint64_t **ids)
{
	*ids = calloc(list->n + 1, sizeof(**ids));
	if (!*ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->n; i++)
		(*ids)[i] = (uint64_t)MSR_ID_HIGH << 32 | list->index[i];
	qsort(*ids, list->n, sizeof(**ids), compare_ids);
	return (int)list->n;
}

int msr_list(struct host *host, uint64_t **ids)
{
	struct index_list *list = calloc(1, sizeof(*list));
	struct host_call call = { .request = GET_MSR_INDEX_LIST, .arg = list, .size = sizeof(*list) };
	int ret;

	if (!list)
		return -ENOMEM;
	list->n = LIST_ROOM;
	ret = host->ops->system_call(host, &call);
	if (!ret)
		ret = list->n <= LIST_ROOM ? msr_ids(list, ids) : -E2BIG;
	free(list);
	return ret;
}
