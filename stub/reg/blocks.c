/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers that KVM moves in structs: KVM_GET_REGS and its kin, described by arch->regs.blocks, or parts of kvm_run. No struct
 * of an architecture is included: a block is bytes.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <string.h>

#include "blocks.h"

static bool takes(const struct transport *t, uint64_t key)
{
	(void)t;
	return KEY_IS_BLOCK(key);
}

/* Is the block in kvm_run after a run, besides being had by an ioctl? */
static bool is_synced(const struct transport *t, const struct arch_block *block)
{
	return block->get_nr && block->run_sync & t->sync;
}

static unsigned long block_request(const struct arch_block *block, bool set, bool large)
{
	unsigned size = block->coded ? block->coded : block->size;

	if (block->told)
		return HOST_TOLD;
	if (!block->get_nr)
		return set ? HOST_RUN_SET : HOST_RUN_GET;
	if (set)
		return _IOC(_IOC_WRITE, KVMIO, block->set_nr, size);
	return _IOC(block->entries ? _IOC_READ | _IOC_WRITE : _IOC_READ, KVMIO, large ? block->large_nr : block->get_nr, size);
}

static struct host_call block_call(const struct transport *t, const struct reg_item *item, bool set)
{
	unsigned nr = KEY_BLOCK_NR(item->key);
	const struct arch_block *block = &t->arch->regs.blocks[nr];
	uint32_t entries = block->entries;

	if (entries)
		memcpy(item->value, &entries, sizeof(entries));
	return (struct host_call){
		.request = block_request(block, set, t->large_blocks >> nr & 1),
		.arg = item->value,
		.size = block->size,
		.changes = set,
		.run_at = block->run_at,
		.run_sync = block->run_sync,
	};
}

/* Takes the blocks that are in kvm_run from there: these items have err 0. */
static int get_copies(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++) {
		struct host_call call = block_call(t, items[i], false);

		items[i]->err = -ENXIO;
		if (!is_synced(t, &t->arch->regs.blocks[KEY_BLOCK_NR(items[i]->key)]))
			continue;
		call.request = HOST_RUN_COPY;
		err = t->host->ops->calls(t->host, vcpu, &call, 1);
		items[i]->err = call.err;
		t->counters.copies += !call.err;
	}
	return err;
}

static int get_chunk(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct host_call calls[WAY_CHUNK];
	struct reg_item *asked[WAY_CHUNK];
	unsigned nasked = 0;
	int err = get_copies(t, vcpu, items, n);

	for (unsigned i = 0; i < n; i++)
		if (items[i]->err) {
			calls[nasked] = block_call(t, items[i], false);
			asked[nasked++] = items[i];
		}
	if (!err && nasked)
		err = way_calls(t, vcpu, calls, nasked, false);
	for (unsigned i = 0; i < nasked && !err; i++)
		asked[i]->err = calls[i].err;
	return err;
}

/* A key that names no block of this architecture is refused by itself. */
static int get(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	struct reg_item *known[WAY_CHUNK];
	int err = 0;

	while (n && !err) {
		unsigned nknown = 0;

		for (; n && nknown < WAY_CHUNK; items++, n--) {
			if (KEY_BLOCK_NR(items[0]->key) < t->arch->regs.nblocks)
				known[nknown++] = items[0];
			else
				items[0]->err = -EINVAL;
		}
		err = get_chunk(t, vcpu, known, nknown);
	}
	return err;
}

static int set_one(struct transport *t, unsigned vcpu, struct reg_item *item)
{
	unsigned nr = KEY_BLOCK_NR(item->key);
	struct host_call call;
	int err;

	if (nr >= t->arch->regs.nblocks)
		return -EINVAL;
	if (t->arch->regs.blocks[nr].told || (t->arch->regs.blocks[nr].get_nr && !t->arch->regs.blocks[nr].set_nr))
		return -EPERM;
	call = block_call(t, item, true);
	err = way_calls(t, vcpu, &call, 1, true);
	return err ? err : call.err;
}

static int set(struct transport *t, unsigned vcpu, struct reg_item **items, unsigned n)
{
	return way_set_each(t, vcpu, items, n, set_one);
}

static const char *name(const struct transport *t, uint64_t key)
{
	const struct arch_block *block = &t->arch->regs.blocks[KEY_BLOCK_NR(key)];

	if (block->told)
		return "a note of what KVM was told, which no ioctl reads";
	return is_synced(t, block) ? "a copy in kvm_run (KVM_CAP_SYNC_REGS)" : "an ioctl for each struct";
}

const struct way blocks_way = { .name = name, .takes = takes, .get = get, .set = set };

uint32_t blocks_large(const struct transport *t)
{
	uint32_t large = 0;

	for (unsigned i = 0; i < t->arch->regs.nblocks; i++) {
		const struct arch_block *block = &t->arch->regs.blocks[i];

		if (block->large_nr && t->host->ops->extension(t->host, block->large_cap) > block->coded)
			large |= 1u << i;
	}
	return large;
}

uint64_t blocks_sync(const struct transport *t)
{
	uint64_t sync = 0;

	for (unsigned i = 0; i < t->arch->regs.nblocks; i++)
		if (t->arch->regs.blocks[i].get_nr)
			sync |= t->arch->regs.blocks[i].run_sync;
	if (sync)
		sync &= (uint64_t)t->host->ops->extension(t->host, KVM_CAP_SYNC_REGS);
	return sync;
}
