/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: what KVM said of one vCPU, by key: a slot for each id, and one for each struct ioctl. */
#ifndef SLOTS_H
#define SLOTS_H

#include "held.h"
#include "transport.h"

/* One value of the transport. The key of a block is KEY_BLOCK(nr, 0, 0): one slot serves all of its fields. */
struct slot {
	uint64_t key;
	size_t size;
	uint8_t *value;
	uint8_t *saved;	   /* as large: for who changes value and may have to go back */
	struct slot *next; /* the next slot in use, by key */
	uint64_t age;	   /* of the cache, when the value was fetched; 0: never */
	int err;	   /* of the last fetch */
	bool in_use;
	bool wanted;   /* by the next fetch */
	bool asked;    /* for its value, at this stop */
	uint8_t habit; /* for so many stops more the value is expected to be asked for */
};

/*
 * A vCPU has hundreds of registers, and a debugger that steps looks at three. The slots in use are wanted, or were asked for at
 * this stop or at one of the last: each of a step's loops goes over these alone.
 */
struct slots {
	const struct arch *arch;
	struct slot **slot; /* sorted by key */
	unsigned n;
	uint64_t age;		   /* a value that is older is void */
	struct slot *first, *last; /* in use */
	struct reg_item *reads;	   /* room for n items: of the fetch under way */
	struct reg_item *writes;   /* room for n items, of which nwrites are in use; each slot at most once */
	unsigned nwrites;
	struct held held;
};

void slots_init(struct slots *c, const struct arch *arch);
void slots_free(struct slots *c);

/* No value that is cached is good any more. */
void slots_drop(struct slots *c);

/* Is the slot's value good? */
bool slots_has(const struct slots *c, const struct slot *slot);

/* The next fetch is to bring the slot's value. */
void slots_want(struct slots *c, struct slot *slot);

/* The slot's value is looked at, at this stop. */
void slots_ask(struct slots *c, struct slot *slot);

/*
 * The slot with a key's value, made when it is new, and where in it the value is. 0; -EINVAL when the key names no block of
 * this architecture or points outside of it; -ENOMEM.
 */
int slots_find(struct slots *c, uint64_t key, struct slot **slot, uint8_t **value);

/*
 * One batch: the slots that are wanted, all of them tried, each with its err. 0, or -errno when the vCPU cannot be reached at
 * all. Nothing is wanted afterwards.
 */
int slots_fetch(struct slots *c, struct transport *t, unsigned vcpu);

/* The slots that were asked for are a habit now, for the next few stops: a debugger's steps are not all alike. */
void slots_learn(struct slots *c);

/* The slots that are a habit are wanted, as far as a batch takes them along for nothing. */
void slots_want_habits(struct slots *c, const struct transport *t);

/* Another vCPU's habits are this one's, too. */
void slots_add_habits(struct slots *c, const struct slots *from);

void slots_forget_habits(struct slots *c);

/* Puts the slot into the batch of writes; false when the batch has the slot already. */
bool slots_batch_write(struct slots *c, const struct slot *slot);

/* The slot of an item of the batch of writes. */
struct slot *slots_written(struct slots *c, unsigned item);

#endif
