/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses which ways of moving values there are, and deals the items of a batch out to them. Knows no ioctl. */
#include <errno.h>
#include <string.h>

#include "blocks.h"
#include "device.h"
#include "many_regs.h"
#include "msrs.h"
#include "one_reg.h"
#include "transport.h"

const char *const batch_names[BATCHES] = { "auto", "many", "blocks", "one" };

/* In order: a key goes by the first way that takes it. The last way takes any. */
static const struct way *const ways[] = { &blocks_way, &device_way, &msrs_way, &many_regs_way, &one_reg_way };

#define NWAYS (sizeof(ways) / sizeof(*ways))

static const struct way *way_of(const struct transport *t, uint64_t key)
{
	unsigned i = 0;

	while (i < NWAYS - 1 && !ways[i]->takes(t, key))
		i++;
	return ways[i];
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

/* The items that go this way, in one batch. */
static int get_by(struct transport *t, const struct way *way, unsigned vcpu, struct reg_item *items, unsigned n)
{
	struct reg_item *mine[WAY_MAX];
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
	for (unsigned i = 0; i < n; i += WAY_MAX) {
		int err = get_some(t, vcpu, items + i, n - i < WAY_MAX ? n - i : WAY_MAX);

		if (err) {
			set_errors(items + i, n - i, err);
			return err;
		}
	}
	return 0;
}

/* The items from the first one on that go the same way. */
static unsigned one_way(
	const struct transport *t, const struct way *way, struct reg_item *items, unsigned n, struct reg_item *mine[WAY_MAX])
{
	unsigned nmine = 0;

	while (nmine < n && nmine < WAY_MAX && way_of(t, items[nmine].key) == way) {
		mine[nmine] = &items[nmine];
		nmine++;
	}
	return nmine;
}

int transport_set(struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	struct reg_item *mine[WAY_MAX];
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

const char *transport_way(const struct transport *t, uint64_t key)
{
	return way_of(t, key)->name(t, key);
}

bool transport_batches(const struct transport *t, uint64_t key)
{
	const struct way *way = way_of(t, key);

	return way == &many_regs_way || (way == &msrs_way && t->msrs_batched);
}

/* Is what KVM's own interface moves together to be used? */
static bool uses_blocks(const struct transport *t)
{
	return t->batch == BATCH_AUTO || t->batch == BATCH_BLOCKS;
}

void transport_init(struct transport *t, struct host *host, const struct arch *arch, enum batch batch)
{
	memset(t, 0, sizeof(*t));
	t->host = host;
	t->arch = arch;
	t->batch = batch;
	t->large_blocks = blocks_large(t);
	t->msrs_batched = uses_blocks(t);
}

static void sync_with(struct transport *t, uint64_t sync)
{
	if (sync != t->sync)
		t->host->ops->sync_regs(t->host, sync);
	t->sync = sync;
}

int transport_open(struct transport *t, unsigned vcpu)
{
	int err = 0;

	sync_with(t, uses_blocks(t) ? blocks_sync(t) : 0);
	t->msrs_by_id = !uses_blocks(t) && msrs_have_ids(t, vcpu);
	if (t->batch == BATCH_AUTO || t->batch == BATCH_MANY)
		err = many_regs_find(t, vcpu);
	if (!err && t->batch == BATCH_MANY && t->many == MANY_REGS_NONE)
		err = -EOPNOTSUPP;
	t->counters = (struct reg_counters){ 0 };
	return err;
}

void transport_close(struct transport *t)
{
	sync_with(t, 0);
	t->msrs_by_id = false;
	t->many = MANY_REGS_NONE;
}

struct reg_counters transport_counted(const struct transport *t)
{
	const struct reg_counters *c = &t->counters;

	return (struct reg_counters){ .gets = c->gets, .sets = c->sets, .values = c->values, .copies = c->copies };
}
