/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses, once, which ways of moving values there are, and deals the items of a batch out to them. Knows no ioctl. */
#include <errno.h>
#include <string.h>

#include "calls.h"

const char *const batch_names[BATCHES] = { "auto", "many", "blocks", "one" };

/* In order: the first that takes a key has it. The last takes any. */
static const struct way *const ways[] = { &blocks_way, &device_way, &msrs_way, &many_regs_way, &one_reg_way };

#define NWAYS (sizeof(ways) / sizeof(*ways))

static const struct way *way_of(const struct transport *t, uint64_t key)
{
	unsigned i = 0;

	while (i < NWAYS - 1 && !ways[i]->takes(t, key))
		i++;
	return ways[i];
}

int transport_calls(struct transport *t, unsigned vcpu, struct host_call *calls, unsigned n, bool set)
{
	int err = t->host->ops->calls(t->host, vcpu, calls, n);

	if (!err)
		*(set ? &t->counters.sets : &t->counters.gets) += n;
	return err;
}

static void set_errors(struct reg_item *items, unsigned n, int err)
{
	for (unsigned i = 0; i < n; i++)
		items[i].err = err;
}

static uint64_t count_done(const struct reg_item *items, unsigned n)
{
	uint64_t done = 0;

	for (unsigned i = 0; i < n; i++)
		done += !items[i].err;
	return done;
}

/* Those of the items that go this way, all in one batch of its own. */
static int get_by(struct transport *t, const struct way *way, unsigned vcpu, struct reg_item *items, unsigned n)
{
	struct reg_item *mine[TRANSPORT_MAX];
	unsigned nmine = 0;

	for (unsigned i = 0; i < n; i++)
		if (way_of(t, items[i].key) == way)
			mine[nmine++] = &items[i];
	return nmine ? way->get(t, vcpu, mine, nmine) : 0;
}

static int get_some(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < NWAYS && !err; i++)
		err = get_by(t, ways[i], vcpu, items, n);
	if (!err)
		t->counters.values += count_done(items, n);
	return err;
}

int transport_get(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	for (unsigned i = 0; i < n; i += TRANSPORT_MAX) {
		int err = get_some(t, vcpu, items + i, n - i < TRANSPORT_MAX ? n - i : TRANSPORT_MAX);

		if (err) {
			set_errors(items + i, n - i, err);
			return err;
		}
	}
	return 0;
}

/* The items from the first one on that go the same way. */
static unsigned one_way(const struct transport *t, const struct way *way, struct reg_item *items, unsigned n,
	struct reg_item *mine[TRANSPORT_MAX])
{
	unsigned nmine = 0;

	while (nmine < n && nmine < TRANSPORT_MAX && way_of(t, items[nmine].key) == way) {
		mine[nmine] = &items[nmine];
		nmine++;
	}
	return nmine;
}

int transport_set(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	struct reg_item *mine[TRANSPORT_MAX];
	unsigned nmine;
	int err = 0;

	set_errors(items, n, -ECANCELED);
	for (unsigned i = 0; i < n && !err; i += nmine) {
		const struct way *way = way_of(t, items[i].key);

		nmine = one_way(t, way, items + i, n - i, mine);
		err = way->set(t, vcpu, mine, nmine);
	}
	t->counters.values += count_done(items, n);
	return err;
}

int get_chunks(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*get_chunk)(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n))
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i += WAY_CHUNK)
		err = get_chunk(t, vcpu, items + i, n - i < WAY_CHUNK ? n - i : WAY_CHUNK);
	return err;
}

int set_each(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n,
	int (*set_one)(struct transport *t, unsigned vcpu, struct reg_item *item))
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = items[i]->err = set_one(t, vcpu, items[i]);
	return err;
}

const char *transport_way(const struct transport *t, uint64_t key)
{
	return way_of(t, key)->name(t, key);
}

bool transport_batches(const struct transport *t, uint64_t key)
{
	const struct way *way = way_of(t, key);

	return way == &many_regs_way || (way == &msrs_way && t->msrs_batched);
}

int transport_init(struct transport *t, struct host *host, const struct arch *arch, enum batch batch)
{
	bool blocks = batch == BATCH_AUTO || batch == BATCH_BLOCKS;

	memset(t, 0, sizeof(*t));
	t->host = host;
	t->arch = arch;
	t->large_blocks = blocks_large(t);
	t->sync = blocks ? blocks_sync(t) : 0;
	t->msrs_batched = blocks;
	t->msrs_by_id = !blocks && msrs_have_ids(t);
	if (batch == BATCH_AUTO || batch == BATCH_MANY)
		t->many = many_regs_find(t);
	t->counters = (struct reg_counters){ 0 };
	return batch == BATCH_MANY && t->many == MANY_REGS_NONE ? -EOPNOTSUPP : 0;
}

struct reg_counters transport_counted(const struct transport *t)
{
	const struct reg_counters *c = &t->counters;

	return (struct reg_counters){ .gets = c->gets, .sets = c->sets, .values = c->values, .copies = c->copies };
}
