/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts the guest's own bits in place of the held ones on the way up, and the held ones in place of the guest's on the way down.
 */
#include <string.h>

#include "held.h"

/* The held word within an item of a batch; NULL when the item is of another register. */
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

/* Returns the bits that the word had before. */
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
