/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The general registers, all at once. Writing them is a transaction: it begins with fresh values and what differs from them;
 * then go the registers that KVM keeps, as one batch, and those that are computed, one by one. When one is refused, everything
 * that was written is rolled back, the last first.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "regcache.h"
#include "regfile.h"

static void fetch_all(struct regfile *f)
{
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++)
		regfile_want(f, i);
	regfile_fetch(f);
}

ssize_t regfile_read_general(struct regfile *f, void *values, size_t cap)
{
	uint8_t *out = values;
	size_t size = 0;

	fetch_all(f);
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		ssize_t n = regfile_read(f, i, out + size, cap - size);

		if (n < 0)
			return n;
		size += (size_t)n;
	}
	return (ssize_t)size;
}

/* ---- the transaction ---- */

/* How much the vCPU has got of the new values. The old ones are in the slots (saved) and in the changes (old). */
struct transaction {
	struct regfile *f;
	unsigned nrows;	    /* items of the slots' batch of writes */
	unsigned ncomputed; /* the computed registers among so many of all, from the first on */
};

/* Marks the registers whose value is another than the vCPU's. The same value is never written: KVM could refuse it. */
static int find_changes(struct regfile *f, const uint8_t *values)
{
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];
		ssize_t n = regfile_read(f, i, f->cache->scratch, reg->size);
		int err;

		if (n < 0)
			return (int)n;
		f->cache->changes[i].wanted = memcmp(values, f->cache->scratch, reg->size) != 0;
		err = f->cache->changes[i].wanted ? regfile_writable(reg) : 0;
		if (err)
			return regfile_refuse(f, i, err);
		values += reg->size;
	}
	return 0;
}

static int begin(struct transaction *t, struct regfile *f, const uint8_t *values)
{
	*t = (struct transaction){ .f = f };
	f->cache->slots.nwrites = 0;
	regfile_drop(f);
	fetch_all(f);
	return find_changes(f, values);
}

static int stage_rows(struct regfile *f, const uint8_t *values)
{
	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];
		int err = 0;

		if (f->cache->changes[i].wanted && !reg->computed)
			err = regfile_stage(f, reg->key, values, reg->size);
		if (err)
			return regfile_refuse(f, i, err);
		values += reg->size;
	}
	return 0;
}

/* The first changed register that is in an item of the batch: which one of a struct was meant, KVM does not say. */
static unsigned blame(struct regfile *f, unsigned item)
{
	struct slot *slot;
	uint8_t *place;

	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];

		if (f->cache->changes[i].wanted && !reg->computed && !slots_find(&f->cache->slots, reg->key, &slot, &place) &&
			slot->key == f->cache->slots.writes[item].key)
			return i;
	}
	return f->tdesc->nregs;
}

static int set_rows(struct transaction *t, const uint8_t *values)
{
	struct regfile *f = t->f;
	int err = stage_rows(f, values);

	if (err)
		return err;
	err = regfile_set_staged(f, &t->nrows);
	regfile_drop(f);
	return err ? regfile_refuse(f, blame(f, t->nrows), err) : 0;
}

/*
 * After the rows, which may say where a computed register goes (cpsr for sp); its old value is read now, for the same reason.
 */
static int set_computed(struct transaction *t, const uint8_t *values)
{
	struct regfile *f = t->f;

	for (unsigned i = 0; i < f->tdesc->ngeneral; i++) {
		const struct tdesc_reg *reg = &f->tdesc->regs[i];
		struct change *change = &f->cache->changes[i];

		if (change->wanted && reg->computed) {
			int err = reg->computed->get(&f->view, &change->old);

			if (!err)
				err = regfile_set_computed(f, reg, values);
			if (err)
				return regfile_refuse(f, i, err);
		}
		t->ncomputed = i + 1;
		values += reg->size;
	}
	return 0;
}

static void roll_back(struct transaction *t)
{
	struct regfile *f = t->f;

	while (t->ncomputed-- > 0)
		if (f->cache->changes[t->ncomputed].wanted && f->tdesc->regs[t->ncomputed].computed)
			f->tdesc->regs[t->ncomputed].computed->set(&f->view, f->cache->changes[t->ncomputed].old);
	regfile_set_back(f, t->nrows);
}

int regfile_write_general(struct regfile *f, const void *values, size_t size)
{
	struct transaction t;
	int err;

	if (size != f->tdesc->general_size) {
		snprintf(f->why, sizeof(f->why), "the general registers are %u bytes, not %zu", f->tdesc->general_size, size);
		return -EINVAL;
	}
	err = begin(&t, f, values);
	if (!err)
		err = set_rows(&t, values);
	if (!err)
		err = set_computed(&t, values);
	if (err)
		roll_back(&t);
	regfile_drop(f);
	return err;
}
