/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps bits of a register at what masks interrupts, and hides it. When that is done, and what an instruction does to the guest's own
 * bits, is for run/ to know; which bits they are, for arch/.
 */
#include <string.h>

#include "held.h"
#include "regcache.h"
#include "regfile.h"

/* ---- between the slots and the transport ---- */

/* The held word within an item of a batch; NULL when it is another's. */
static uint8_t *word_in(const struct held *h, const struct reg_item *item)
{
	uint64_t key;

	if (!h->on)
		return NULL;
	key = h->is->key;
	if (!KEY_IS_BLOCK(key))
		return item->key == key ? item->value : NULL;
	return item->key == KEY_BLOCK(KEY_BLOCK_NR(key), 0, 0) ? (uint8_t *)item->value + KEY_OFFSET(key) : NULL;
}

/* The bits that were there before. */
static uint64_t put_bits(const struct held *h, uint8_t *word, uint64_t bits)
{
	uint64_t value, old;

	memcpy(&value, word, sizeof(value));
	old = value & h->is->bits;
	value = (value & ~h->is->bits) | bits;
	memcpy(word, &value, sizeof(value));
	return old;
}

int held_get(const struct held *h, struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	int err = transport_get(t, vcpu, items, n);

	for (unsigned i = 0; i < n; i++) {
		uint8_t *word = word_in(h, &items[i]);

		if (word && !items[i].err)
			put_bits(h, word, h->own);
	}
	return err;
}

int held_set(struct held *h, struct transport *t, unsigned vcpu, struct reg_item *items, unsigned n)
{
	uint8_t *word = NULL;
	uint64_t bits = 0;
	unsigned at = 0;
	int err;

	for (unsigned i = 0; i < n && !word; i++) {
		word = word_in(h, &items[i]);
		at = i;
	}
	if (word)
		bits = put_bits(h, word, h->is->masked);
	err = transport_set(t, vcpu, items, n);
	if (!word)
		return err;
	put_bits(h, word, bits);
	if (!items[at].err)
		h->own = bits;
	return err;
}

/* ---- for run/ ---- */

/* The whole value behind the key, as it is in the cache, to the vCPU: with the bits as they are held, or as the guest has them. */
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

/* ---- for people ---- */

int regfile_get_id(struct regfile *f, struct reg_item *item)
{
	int err = held_get(&f->cache->slots.held, f->transport, f->vcpu, item, 1);

	return err ? err : item->err;
}

int regfile_set_id(struct regfile *f, struct reg_item *item)
{
	regfile_drop(f);
	return held_set(&f->cache->slots.held, f->transport, f->vcpu, item, 1);
}
