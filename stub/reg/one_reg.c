/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The many-registers operation one by one: an ioctl for each item, a whole batch of them handed to the host at once. Also which
 * ids a vCPU has, as KVM lists them. Knows no register; which of them are general is none of its business.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "tdesc.h"

#define CHUNK 64 /* items a call of the host; its arrays are on the stack */

#define LIST_MAX 65536 /* ids; no kernel lists a thousand */

_Static_assert(sizeof(struct one_id) == sizeof(struct kvm_one_reg), "struct kvm_one_reg");
_Static_assert(offsetof(struct one_id, addr) == offsetof(struct kvm_one_reg, addr), "struct kvm_one_reg");

void one_reg_call(struct host_call *call, union call_arg *arg, const struct reg_item *item, bool set)
{
	arg->id = (struct one_id){ .id = item->key, .addr = (uintptr_t)item->value };
	*call = (struct host_call){
		.request = set ? KVM_SET_ONE_REG : KVM_GET_ONE_REG,
		.arg = &arg->id,
		.size = sizeof(arg->id),
		.data = item->value,
		.data_size = KEY_SIZE(item->key),
		.ptr_at = offsetof(struct one_id, addr),
		.ptr_stride = sizeof(arg->id),
		.ptr_count = 1,
	};
}

/* What KVM means by an error of a register ioctl (Documentation/virt/kvm/api.rst, KVM_SET_ONE_REG and KVM_GET_ONE_REG). */
static const struct {
	int err;
	const char *text;
} reasons[] = {
	{ EBUSY, "EBUSY, it cannot be changed once the VM has run" },
	{ EFAULT, "EFAULT" },
	{ EINTR, "EINTR" },
	{ EINVAL, "EINVAL, this vCPU has it not, or not with this value" },
	{ EIO, "EIO, the VM is gone or another process's" },
	{ ENOENT, "ENOENT, this vCPU has it not" },
	{ ENOEXEC, "ENOEXEC, the vCPU is not initialised" },
	{ ENOMEM, "ENOMEM" },
	{ ENOSPC, "ENOSPC, no room for the value" },
	{ ENXIO, "ENXIO, this vCPU lacks the unit" },
	{ EPERM, "EPERM, it cannot be written" },
	{ ESRCH, "ESRCH, the thread of the vCPU is gone" },
};

const char *call_reason(int err)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].err == -err)
			return reasons[i].text;
	return "unknown error";
}

static bool by_get_msrs(const struct transport *t, uint64_t key)
{
	return is_msr(key) && !t->msrs_by_id;
}

static int prepare(
	const struct transport *t, struct host_call *call, union call_arg *arg, const struct reg_item *item, bool set)
{
	unsigned nr = KEY_BLOCK_NR(item->key);
	const struct arch_block *block;

	if (!KEY_IS_BLOCK(item->key)) {
		if (by_get_msrs(t, item->key))
			msr_call(call, arg, item, set);
		else
			one_reg_call(call, arg, item, set);
		return 0;
	}
	if (nr >= t->arch->nblocks)
		return -EINVAL;
	block = &t->arch->blocks[nr];
	if (set && block->get_nr && !block->set_nr)
		return -EPERM;
	block_call(call, block, item, set, t->large_blocks >> nr & 1);
	return 0;
}

/* At most CHUNK items. 0, or -errno when none of them was tried. */
static int run_chunk(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n, bool set)
{
	struct host_call calls[CHUNK];
	union call_arg args[CHUNK];
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = prepare(t, &calls[i], &args[i], &items[i], set);
	if (!err)
		err = t->host->ops->calls(t->host, vcpu, calls, n);
	if (err)
		return err;
	for (unsigned i = 0; i < n; i++) {
		items[i].err = by_get_msrs(t, items[i].key) ? msr_result(&calls[i], &items[i], set) : calls[i].err;
		t->counters.values += !items[i].err;
	}
	*(set ? &t->counters.sets : &t->counters.gets) += n;
	return 0;
}

static void set_errors(struct reg_item *items, unsigned n, int err)
{
	for (unsigned i = 0; i < n; i++)
		items[i].err = err;
}

int transport_get(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	for (unsigned i = 0; i < n; i += CHUNK) {
		int err = run_chunk(t, vcpu, items + i, n - i < CHUNK ? n - i : CHUNK, false);

		if (err) {
			set_errors(items + i, n - i, err);
			return err;
		}
	}
	return 0;
}

/* The host tries every call of an array, so what is to stop at a refusal goes down one at a time. */
int transport_set(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int err = run_chunk(t, vcpu, &items[i], 1, true);

		if (err)
			items[i].err = err;
		if (items[i].err) {
			set_errors(items + i + 1, n - i - 1, -ECANCELED);
			return items[i].err;
		}
	}
	return 0;
}

/* The key of the first MSR that the architecture's table names, or 0. */
static uint64_t first_msr(const struct tdesc_table *table)
{
	for (unsigned i = 0; i < table->nfeatures; i++)
		for (unsigned j = 0; j < table->features[i].nrows; j++)
			if (is_msr(table->features[i].rows[j].key))
				return table->features[i].rows[j].key;
	return 0;
}

/* KVM_CAP_ONE_REG is not believed: one MSR is read by its id. */
static bool has_msr_ids(struct transport *t)
{
	uint64_t value;
	struct reg_item item = { .key = first_msr(t->arch->tdesc), .value = &value };

	if (!item.key || !t->host->ops->extension(t->host, KVM_CAP_ONE_REG))
		return false;
	t->msrs_by_id = true;
	return !transport_get(t, 0, &item, 1) && !item.err;
}

static uint32_t find_large_blocks(const struct transport *t)
{
	uint32_t large = 0;

	for (unsigned i = 0; i < t->arch->nblocks; i++) {
		const struct arch_block *block = &t->arch->blocks[i];

		if (block->large_nr && t->host->ops->extension(t->host, block->large_cap) > block->coded)
			large |= 1u << i;
	}
	return large;
}

void transport_init(struct transport *t, struct host *host, const struct arch *arch)
{
	memset(t, 0, sizeof(*t));
	t->host = host;
	t->arch = arch;
	t->large_blocks = find_large_blocks(t);
	t->msrs_by_id = has_msr_ids(t);
	t->counters.gets = t->counters.sets = t->counters.values = 0;
}

static int get_list(struct transport *t, unsigned vcpu, struct kvm_reg_list *list, uint64_t room)
{
	struct host_call call = {
		.request = KVM_GET_REG_LIST, .arg = list, .size = sizeof(*list) + room * sizeof(list->reg[0])
	};
	int err;

	list->n = room;
	err = t->host->ops->calls(t->host, vcpu, &call, 1);
	return err ? err : call.err;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Moves the ids to the front of the list's own memory, which the caller then frees as an array. */
static int take_ids(struct kvm_reg_list *list, uint64_t **ids)
{
	size_t n = list->n;

	memmove(list, list->reg, n * sizeof(list->reg[0]));
	*ids = (void *)list;
	qsort(*ids, n, sizeof(**ids), compare_ids);
	return (int)n;
}

static int list_regs(struct transport *t, unsigned vcpu, uint64_t **ids)
{
	struct kvm_reg_list head, *list;
	int err = get_list(t, vcpu, &head, 0);

	if (err != -E2BIG)
		return err ? err : -ENOENT;
	if (head.n > LIST_MAX)
		return -E2BIG;
	list = malloc(sizeof(*list) + head.n * sizeof(list->reg[0]));
	if (!list)
		return -ENOMEM;
	err = get_list(t, vcpu, list, head.n);
	if (!err && list->n <= head.n)
		return take_ids(list, ids);
	free(list);
	return err ? err : -E2BIG;
}

int transport_list(struct transport *t, unsigned vcpu, uint64_t **ids)
{
	return transport_list_is_whole(t) ? list_regs(t, vcpu, ids) : msr_list(t->host, ids);
}

/* Where not even the pc has an id (x86), a list is of a few special registers and says nothing of the others. */
bool transport_list_is_whole(const struct transport *t)
{
	return !KEY_IS_BLOCK(t->arch->pc);
}
