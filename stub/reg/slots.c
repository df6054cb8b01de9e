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
	free(c->reads);
	free(c->writes);
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

/* Room for one item more than there are slots. */
static bool grow(struct reg_item **items, unsigned n)
{
	struct reg_item *more = realloc(*items, (n + 1) * sizeof(*more));

	if (more)
		*items = more;
	return more != NULL;
}

static bool make_room(struct slots *c)
{
	struct slot *slot = realloc(c->slot, (c->n + 1) * sizeof(*slot));

	if (!slot)
		return false;
	c->slot = slot;
	return grow(&c->reads, c->n) && grow(&c->writes, c->n);
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

static struct reg_item item_of(const struct slot *slot)
{
	return (struct reg_item){ .key = slot->key, .value = slot->value };
}

static unsigned gather(struct slots *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n; i++)
		if (c->slot[i].wanted)
			c->reads[n++] = item_of(&c->slot[i]);
	return n;
}

int slots_fetch(struct slots *c, struct transport *t, unsigned vcpu)
{
	unsigned n = gather(c), next = 0;
	int err = n ? held_get(&c->held, t, vcpu, c->reads, n) : 0;

	for (unsigned i = 0; i < c->n; i++) {
		struct slot *slot = &c->slot[i];

		if (!slot->wanted)
			continue;
		slot->wanted = false;
		slot->err = c->reads[next++].err;
		slot->valid = !slot->err;
	}
	return err;
}

#define HABIT_STOPS 3

void slots_learn(struct slots *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct slot *slot = &c->slot[i];

		if (slot->asked)
			slot->habit = HABIT_STOPS;
		else if (slot->habit)
			slot->habit--;
		slot->asked = false;
	}
}

void slots_want_habits(struct slots *c, const struct transport *t)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct slot *slot = &c->slot[i];

		slot->wanted |= slot->habit && !slot->valid && transport_batches(t, slot->key);
	}
}

void slots_add_habits(struct slots *c, const struct slots *from)
{
	for (unsigned i = 0; i < from->n; i++) {
		unsigned index = slot_index(c, from->slot[i].key);

		if (from->slot[i].habit && index < c->n && c->slot[index].key == from->slot[i].key)
			c->slot[index].habit = from->slot[i].habit;
	}
}

void slots_forget_habits(struct slots *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		c->slot[i].habit = 0;
		c->slot[i].asked = false;
	}
}

bool slots_batch_write(struct slots *c, const struct slot *slot)
{
	for (unsigned i = c->nwrites; i-- > 0;)
		if (c->writes[i].key == slot->key)
			return false;
	c->writes[c->nwrites++] = item_of(slot);
	return true;
}

struct slot *slots_written(struct slots *c, unsigned item)
{
	return &c->slot[slot_index(c, c->writes[item].key)];
}
