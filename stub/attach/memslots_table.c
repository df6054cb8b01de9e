/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the table of slots: sorted, and without overlaps. */
#include "memslots_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

/* How many slots begin at gpa or below it. */
static unsigned count_up_to(const struct memslots *slots, uint64_t gpa)
{
	unsigned low = 0, high = slots->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (slots->slot[middle].gpa <= gpa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct memslot *memslots_at(const struct memslots *slots, uint64_t gpa)
{
	unsigned n = count_up_to(slots, gpa);

	return n && gpa - slots->slot[n - 1].gpa < slots->slot[n - 1].size ? &slots->slot[n - 1] : NULL;
}

static int make_room(struct memslots *slots)
{
	unsigned room = slots->room ? 2 * slots->room : FIRST_ROOM;
	struct memslot *slot;

	if (slots->n < slots->room)
		return 0;
	slot = realloc(slots->slot, room * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	slots->slot = slot;
	slots->room = room;
	return 0;
}

int memslots_add(struct memslots *slots, const struct memslot *slot)
{
	unsigned i = count_up_to(slots, slot->gpa);

	if (!slot->size || slot->size - 1 > UINT64_MAX - slot->gpa || slot->size - 1 > UINT64_MAX - slot->hva)
		return -EINVAL;
	if (memslots_at(slots, slot->gpa) || (i < slots->n && slots->slot[i].gpa - slot->gpa < slot->size))
		return -EEXIST;
	if (make_room(slots))
		return -ENOMEM;
	memmove(&slots->slot[i + 1], &slots->slot[i], (slots->n - i) * sizeof(*slot));
	slots->slot[i] = *slot;
	slots->n++;
	return 0;
}

static void remove_at(struct memslots *slots, unsigned i)
{
	slots->n--;
	memmove(&slots->slot[i], &slots->slot[i + 1], (slots->n - i) * sizeof(*slots->slot));
}

static bool overlap(const struct memslot *a, const struct memslot *b)
{
	return a->gpa < b->gpa ? b->gpa - a->gpa < a->size : a->gpa - b->gpa < b->size;
}

int memslots_set(struct memslots *slots, const struct memslot *slot)
{
	for (unsigned i = slots->n; i--;)
		if (slots->slot[i].id == slot->id || overlap(&slots->slot[i], slot))
			remove_at(slots, i);
	return slot->size ? memslots_add(slots, slot) : 0;
}

int memslots_copy(struct memslots *to, const struct memslots *from)
{
	*to = (struct memslots){ .n = from->n, .room = from->n };
	if (!from->n)
		return 0;
	to->slot = calloc(from->n, sizeof(*to->slot));
	if (!to->slot) {
		*to = (struct memslots){ 0 };
		return -ENOMEM;
	}
	memcpy(to->slot, from->slot, from->n * sizeof(*to->slot));
	return 0;
}

void memslots_free_table(struct memslots *slots)
{
	free(slots->slot);
	slots->slot = NULL;
	slots->n = slots->room = 0;
}
