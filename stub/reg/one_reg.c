/* SPDX-License-Identifier: BSD-2-Clause */
/* One ioctl for each id, a whole batch of ioctls handed to the host at once. */
#include <linux/kvm.h>
#include <stddef.h>

#include "one_reg.h"

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
	err = way_calls(t, vcpu, calls, n, false);
	for (unsigned i = 0; i < n && !err; i++)
		items[i]->err = calls[i].err;
	return err;
}

static int get(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return way_get_chunks(t, vcpu, items, n, get_chunk);
}

static int set_one(struct transport *t, unsigned vcpu, struct reg_item *item)
{
	struct kvm_one_reg reg;
	struct host_call call = one_reg_call(&reg, item, true);
	int err = way_calls(t, vcpu, &call, 1, true);

	return err ? err : call.err;
}

/* The host tries every call of an array, so what is to stop at a refusal goes down one at a time. */
static int set(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return way_set_each(t, vcpu, items, n, set_one);
}

static const char *name(const struct transport *t, uint64_t key)
{
	(void)t;
	(void)key;
	return "KVM_GET_ONE_REG for each";
}

const struct way one_reg_way = { .name = name, .takes = takes, .get = get, .set = set };
