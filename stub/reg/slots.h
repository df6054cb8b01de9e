/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: what KVM said of one vCPU, by key: a slot for each id, and one for each struct ioctl. */
#ifndef SLOTS_H
#define SLOTS_H

#include "transport.h"

/* One value of the transport. The key of a block is KEY_BLOCK(nr, 0, 0): one slot serves all of its fields. */
struct slot {
	uint64_t key;
	size_t size;
	uint8_t *value;
	uint8_t *saved; /* as large: for who changes value and may have to go back */
	bool valid;
};

struct slots {
	const struct arch *arch;
	struct slot *slot; /* sorted by key; adding one moves them, but not their values */
	unsigned n;
	struct reg_item *batch; /* n items, of which nbatch are in use; each slot at most once */
	unsigned nbatch;
};

void slots_free(struct slots *c);

/* What is cached is void. */
void slots_drop(struct slots *c);

/*
 * The slot with a key's value, made when it is new, and where in it the value is. 0; -EINVAL when the key names no block of this
 * architecture or points outside of it; -ENOMEM.
 */
int slots_find(struct slots *c, uint64_t key, struct slot **slot, uint8_t **value);

/* The slot as an item for the transport. */
struct reg_item slot_item(const struct slot *slot);

/* Puts the slot into the batch; false when it was there already. */
bool slots_batch(struct slots *c, const struct slot *slot);

/* The slot of an item of the batch. */
struct slot *slots_batched(struct slots *c, unsigned item);

#endif
