/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One ioctl for each id, a whole batch of ioctls handed to the host at once. Also which ids a vCPU has, as KVM lists them, and what
 * KVM's errors mean.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "tdesc.h"

#define LIST_MAX 65536 /* ids; no kernel lists a thousand */

static bool takes(const struct transport *t, uint64_t key)
{
	(void)t;
	return KEY_IS_ID(key);
}

/* reg lives as long as the call. */
static struct host_call one_reg_call(struct kvm_one_reg *reg, const struct reg_item *item, bool set)
{
	*reg = (struct kvm_one_reg){ .id = item->key, .addr = (uintptr_t)item->value };
	return (struct host_call){
		.request = set ? KVM_SET_ONE_REG : KVM_GET_ONE_REG,
		.arg = reg,
		.size = sizeof(*reg),
		.changes = set,
		.data = item->value,
		.data_size = KEY_SIZE(item->key),
		.ptr_at = offsetof(struct kvm_one_reg, addr),
		.ptr_stride = sizeof(*reg),
		.ptr_count = 1,
	};
}

static int get_chunk(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct host_call calls[WAY_CHUNK];
	struct kvm_one_reg regs[WAY_CHUNK];
	int err;

	for (unsigned i = 0; i < n; i++)
		calls[i] = one_reg_call(&regs[i], items[i], false);
	err = transport_calls(t, vcpu, calls, n, false);
	for (unsigned i = 0; i < n && !err; i++)
		items[i]->err = calls[i].err;
	return err;
}

static int get(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return get_chunks(t, vcpu, items, n, get_chunk);
}

static int set_one(struct transport *t, unsigned vcpu, struct reg_item *item)
{
	struct kvm_one_reg reg;
	struct host_call call = one_reg_call(&reg, item, true);
	int err = transport_calls(t, vcpu, &call, 1, true);

	return err ? err : call.err;
}

/* The host tries every call of an array, so what is to stop at a refusal goes down one at a time. */
static int set(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return set_each(t, vcpu, items, n, set_one);
}

static const char *name(const struct transport *t, uint64_t key)
{
	(void)t;
	(void)key;
	return "KVM_GET_ONE_REG for each";
}

const struct way one_reg_way = { .name = name, .takes = takes, .get = get, .set = set };

/* What KVM means by an error of a register ioctl (Documentation/virt/kvm/api.rst, KVM_SET_ONE_REG and KVM_GET_ONE_REG). */
static const struct {
	int err;
	const char *text;
} reasons[] = {
	{ EAGAIN, "EBUSY, KVM does it only while no vCPU runs" },
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

int ids_compare(const void *a, const void *b)
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
	qsort(*ids, n, sizeof(**ids), ids_compare);
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
	return !KEY_IS_BLOCK(t->arch->regs.pc);
}
