/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the memory of the cache. Knows no register, no ioctl, and not when a value is good: regfile.c decides that. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"

void slots_init(struct slots *c, const struct arch *arch)
{
	*c = (struct slots){ .arch = arch, .age = 1 };
}

void slots_free(struct slots *c)
{
	for (unsigned i = 0; i < c->n; i++)
		free(c->slot[i]);
	free(c->slot);
	free(c->reads);
	free(c->writes);
	*c = (struct slots){ 0 };
}

void slots_drop(struct slots *c)
{
	c->age++;
}

bool slots_has(const struct slots *c, const struct slot *slot)
{
	return slot->age == c->age;
}

/* Where in the list of those in use the slot belongs. */
static struct slot **place_of(struct slots *c, const struct slot *slot)
{
	struct slot **at = &c->first;

	if (c->last && c->last->key < slot->key)
		return &c->last->next;
	while (*at && (*at)->key < slot->key)
		at = &(*at)->next;
	return at;
}

static void use(struct slots *c, struct slot *slot)
{
	struct slot **at;

	if (slot->in_use)
		return;
	at = place_of(c, slot);
	slot->in_use = true;
	slot->next = *at;
	*at = slot;
	if (!slot->next)
		c->last = slot;
}

void slots_want(struct slots *c, struct slot *slot)
{
	slot->wanted = true;
	use(c, slot);
}

void slots_ask(struct slots *c, struct slot *slot)
{
	slot->asked = true;
	use(c, slot);
}

/* The index of the first slot whose key is not below this one. */
static unsigned slot_index(const struct slots *c, uint64_t key)
{
	unsigned low = 0, high = c->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (c->slot[middle]->key < key)
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
	struct slot **slot = realloc(c->slot, (c->n + 1) * sizeof(*slot));

	if (!slot)
		return false;
	c->slot = slot;
	return grow(&c->reads, c->n) && grow(&c->writes, c->n);
}

/* The value and its copy lie behind the slot. */
static struct slot *make_slot(uint64_t key, size_t size)
{
	struct slot *slot = calloc(1, sizeof(*slot) + 2 * size);

	if (!slot)
		return NULL;
	slot->key = key;
	slot->size = size;
	slot->value = (uint8_t *)(slot + 1);
	slot->saved = slot->value + size;
	return slot;
}

static int add_slot(struct slots *c, unsigned index, uint64_t key, size_t size)
{
	struct slot *slot = make_room(c) ? make_slot(key, size) : NULL;

	if (!slot)
		return -ENOMEM;
	memmove(c->slot + index + 1, c->slot + index, (c->n - index) * sizeof(*c->slot));
	c->slot[index] = slot;
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

	if (block && nr >= c->arch->regs.nblocks)
		return -EINVAL;
	size = block ? c->arch->regs.blocks[nr].size : KEY_SIZE(key);
	if (offset + KEY_SIZE(key) > size)
		return -EINVAL;
	index = slot_index(c, whole);
	if (index == c->n || c->slot[index]->key != whole) {
		err = add_slot(c, index, whole, size);
		if (err)
			return err;
	}
	*slot = c->slot[index];
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

	for (struct slot *slot = c->first; slot; slot = slot->next)
		if (slot->wanted)
			c->reads[n++] = item_of(slot);
	return n;
}

int slots_fetch(struct slots *c, struct transport *t, unsigned vcpu)
{
	unsigned n = gather(c), next = 0;
	int err = n ? held_get(&c->held, t, vcpu, c->reads, n) : 0;

	for (struct slot *slot = c->first; slot; slot = slot->next) {
		if (!slot->wanted)
			continue;
		slot->wanted = false;
		slot->err = c->reads[next++].err;
		slot->age = slot->err ? 0 : c->age;
	}
	return err;
}

#define HABIT_STOPS 3

static void learn(struct slot *slot)
{
	if (slot->asked)
		slot->habit = HABIT_STOPS;
	else if (slot->habit)
		slot->habit--;
	slot->asked = false;
}

void slots_learn(struct slots *c)
{
	struct slot **at = &c->first, *slot;

	c->last = NULL;
	while ((slot = *at)) {
		learn(slot);
		slot->in_use = slot->habit || slot->wanted;
		if (slot->in_use) {
			c->last = slot;
			at = &slot->next;
		} else {
			*at = slot->next;
		}
	}
}

void slots_want_habits(struct slots *c, const struct transport *t)
{
	for (struct slot *slot = c->first; slot; slot = slot->next)
		slot->wanted |= slot->habit && !slots_has(c, slot) && transport_batches(t, slot->key);
}

void slots_add_habits(struct slots *c, const struct slots *from)
{
	for (const struct slot *theirs = from->first; theirs; theirs = theirs->next) {
		unsigned index = slot_index(c, theirs->key);

		if (theirs->habit && index < c->n && c->slot[index]->key == theirs->key) {
			c->slot[index]->habit = theirs->habit;
			use(c, c->slot[index]);
		}
	}
}

void slots_forget_habits(struct slots *c)
{
	for (struct slot *slot = c->first; slot; slot = slot->next) {
		slot->habit = 0;
		slot->asked = false;
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
	return c->slot[slot_index(c, c->writes[item].key)];
}
