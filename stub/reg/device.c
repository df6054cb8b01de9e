/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers that KVM keeps in the interrupt controller it emulates, as attributes of that device. */
#include <errno.h>

#include "device.h"

static bool takes(const struct transport *t, uint64_t key)
{
	(void)t;
	return KEY_IS_DEVICE(key);
}

static struct host_call attribute_call(const struct reg_item *item, bool set)
{
	return (struct host_call){
		.request = set ? HOST_DEVICE_SET : HOST_DEVICE_GET,
		.arg = item->value,
		.size = KEY_SIZE(item->key),
		.changes = set,
		.device_group = KEY_DEVICE_GROUP(item->key),
		.device_attr = KEY_DEVICE_ATTR(item->key),
	};
}

/* KVM says EBUSY while any vCPU of the VM runs, whichever is asked: an attribute cannot be had now, but may be later. */
static int not_now(int err)
{
	return err == -EBUSY ? -EAGAIN : err;
}

static int get_chunk(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct host_call calls[WAY_CHUNK];
	int err;

	for (unsigned i = 0; i < n; i++)
		calls[i] = attribute_call(items[i], false);
	err = way_calls(t, vcpu, calls, n, false);
	for (unsigned i = 0; i < n && !err; i++)
		items[i]->err = not_now(calls[i].err);
	return err;
}

static int get(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return way_get_chunks(t, vcpu, items, n, get_chunk);
}

static int set_one(struct transport *t, unsigned vcpu, struct reg_item *item)
{
	struct host_call call = attribute_call(item, true);
	int err = way_calls(t, vcpu, &call, 1, true);

	return err ? err : not_now(call.err);
}

static int set(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return way_set_each(t, vcpu, items, n, set_one);
}

static const char *name(const struct transport *t, uint64_t key)
{
	(void)t;
	(void)key;
	return "KVM_GET_DEVICE_ATTR of the interrupt controller for each";
}

const struct way device_way = { .name = name, .takes = takes, .get = get, .set = set };
