/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the memory of the cache. Knows no register, no ioctl, and not when a value is good: regfile.c decides that. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"

void slots_free(struct slots *c)
{
	for (unsigned i = 0; i < c->n; i++)
		free(c->slot[i].value);
	free(c->slot);
	free(c->batch);
	*c = (struct slots){ 0 };
}

void slots_drop(struct slots *c)
{
	for (unsigned i = 0; i < c->n; i++)
		c->slot[i].valid = false;
}

/* The index of the first slot whose key is not below this one. */
static unsigned slot_index(const struct slots *c, uint64_t key)
{
	unsigned low = 0, high = c->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (c->slot[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Room for one slot more. */
static bool make_room(struct slots *c)
{
	struct slot *slot = realloc(c->slot, (c->n + 1) * sizeof(*slot));
	struct reg_item *batch;

	if (!slot)
		return false;
	c->slot = slot;
	batch = realloc(c->batch, (c->n + 1) * sizeof(*batch));
	if (!batch)
		return false;
	c->batch = batch;
	return true;
}

static int add_slot(struct slots *c, unsigned index, uint64_t key, size_t size)
{
	uint8_t *value;

	if (!make_room(c))
		return -ENOMEM;
	value = calloc(2, size);
	if (!value)
		return -ENOMEM;
	memmove(c->slot + index + 1, c->slot + index, (c->n - index) * sizeof(*c->slot));
	c->slot[index] = (struct slot){ .key = key, .size = size, .value = value, .saved = value + size };
	c->n++;
	return 0;
}

int slots_find(struct slots *c, uint64_t key, struct slot **slot, uint8_t **value)
{
	bool block = KEY_IS_BLOCK(key);
	unsigned nr = KEY_BLOCK_NR(key), index;
	uint64_t whole = block ? KEY_BLOCK(nr, 0, 0) : key;
	size_t offset = block ? KEY_OFFSET(key) : 0, size;
	int err;

	if (block && nr >= c->arch->nblocks)
		return -EINVAL;
	size = block ? c->arch->blocks[nr].size : KEY_SIZE(key);
	if (offset + KEY_SIZE(key) > size)
		return -EINVAL;
	index = slot_index(c, whole);
	if (index == c->n || c->slot[index].key != whole) {
		err = add_slot(c, index, whole, size);
		if (err)
			return err;
	}
	*slot = &c->slot[index];
	*value = (*slot)->value + offset;
	return 0;
}

struct reg_item slot_item(const struct slot *slot)
{
	return (struct reg_item){ .key = slot->key, .value = slot->value };
}

bool slots_batch(struct slots *c, const struct slot *slot)
{
	for (unsigned i = c->nbatch; i-- > 0;)
		if (c->batch[i].key == slot->key)
			return false;
	c->batch[c->nbatch++] = slot_item(slot);
	return true;
}

struct slot *slots_batched(struct slots *c, unsigned item)
{
	return &c->slot[slot_index(c, c->batch[item].key)];
}
