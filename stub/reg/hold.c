/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds bits of a register at the value that masks interrupts; held.c hides that from whoever reads. When bits are held, and
 * what an instruction does to the guest's own, is for run/ to know; which bits of which register, for arch/.
 */
#include "regcache.h"
#include "regfile.h"

/* The vCPU gets the whole value behind the key, as the cache has it: with the held bits, or with the guest's own. */
static int send(struct regfile *f, uint64_t key)
{
	struct slots *s = &f->cache->slots;
	struct reg_item item;
	struct slot *slot;
	uint8_t *place;
	int err = slots_find(s, key, &slot, &place);

	if (err)
		return err;
	item = (struct reg_item){ .key = slot->key, .value = slot->value };
	return held_set(&s->held, f->transport, f->vcpu, &item, 1);
}

int regfile_may_be_interrupted(struct regfile *f, const struct arch_mask *mask)
{
	uint64_t value;
	int err;

	if (f->cache->slots.held.on)
		return 1;
	err = f->view.get(&f->view, mask->key, &value);
	return err ? err : (value & mask->bits) != mask->masked;
}

int regfile_hold(struct regfile *f, const struct arch_mask *mask, uint64_t *own)
{
	struct held *h = &f->cache->slots.held, before = *h;
	uint64_t value;
	int err = 0;

	if (!h->on || h->lost) {
		err = f->view.get(&f->view, mask->key, &value);
		if (err)
			return err;
		*h = (struct held){ .on = true, .is = mask, .own = value & mask->bits };
		err = send(f, mask->key);
		if (err)
			*h = before;
	}
	*own = h->own;
	return err;
}

bool regfile_is_held(const struct regfile *f)
{
	return f->cache->slots.held.on;
}

int regfile_give_back(struct regfile *f)
{
	struct held *h = &f->cache->slots.held;
	uint64_t value;
	int err;

	if (!h->on)
		return 0;
	err = f->view.get(&f->view, h->is->key, &value);
	if (err)
		return err;
	h->on = false;
	err = send(f, h->is->key);
	h->on = err != 0;
	return err;
}

void regfile_let_go(struct regfile *f)
{
	if (!f->cache->slots.held.on)
		return;
	f->cache->slots.held.on = false;
	regfile_drop(f);
}

void regfile_own_bits(struct regfile *f, uint64_t own)
{
	struct held *h = &f->cache->slots.held;

	h->own = own & h->is->bits;
	h->lost = true;
	regfile_drop(f);
}
