/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers that KVM keeps in the interrupt controller it emulates, as attributes of that device. They are read only. */
#include <errno.h>

#include "calls.h"

static bool takes(const struct transport *t, uint64_t key)
{
	(void)t;
	return KEY_IS_DEVICE(key);
}

static struct host_call get_call(const struct reg_item *item)
{
	return (struct host_call){
		.request = HOST_DEVICE_GET,
		.arg = item->value,
		.size = KEY_SIZE(item->key),
		.device_group = KEY_DEVICE_GROUP(item->key),
		.device_attr = KEY_DEVICE_ATTR(item->key),
	};
}

/* KVM says EBUSY while any vCPU of the VM runs, whichever is asked: the value cannot be had now, but may be later. */
static int get_chunk(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct host_call calls[WAY_CHUNK];
	int err;

	for (unsigned i = 0; i < n; i++)
		calls[i] = get_call(items[i]);
	err = transport_calls(t, vcpu, calls, n, false);
	for (unsigned i = 0; i < n && !err; i++)
		items[i]->err = calls[i].err == -EBUSY ? -EAGAIN : calls[i].err;
	return err;
}

static int get(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i += WAY_CHUNK)
		err = get_chunk(t, vcpu, items + i, n - i < WAY_CHUNK ? n - i : WAY_CHUNK);
	return err;
}

static int set_one(struct transport *t, unsigned vcpu, struct reg_item *item)
{
	(void)t;
	(void)vcpu;
	(void)item;
	return -EPERM;
}

static int set(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return set_each(t, vcpu, items, n, set_one);
}

static const char *name(const struct transport *t, uint64_t key)
{
	(void)t;
	(void)key;
	return "KVM_GET_DEVICE_ATTR of the interrupt controller for each";
}

const struct way device_way = { .name = name, .takes = takes, .get = get, .set = set };
