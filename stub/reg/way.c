/* SPDX-License-Identifier: BSD-2-Clause */
/* What is the same on every way: the calls are counted, and a batch is cut into what a way takes at a time. */
#include "way.h"

int way_calls(struct transport *t, unsigned vcpu, struct host_call *calls, unsigned n, bool set)
{
	int err = t->host->ops->calls(t->host, vcpu, calls, n);

	if (!err)
		*(set ? &t->counters.sets : &t->counters.gets) += n;
	return err;
}

int way_get_chunks(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*get_chunk)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n))
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i += WAY_CHUNK)
		err = get_chunk(t, vcpu, items + i, n - i < WAY_CHUNK ? n - i : WAY_CHUNK);
	return err;
}

int way_set_each(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*set_one)(struct transport *t, unsigned vcpu, struct reg_item *item))
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = items[i]->err = set_one(t, vcpu, items[i]);
	return err;
}
