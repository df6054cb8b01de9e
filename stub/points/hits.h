/* SPDX-License-Identifier: BSD-2-Clause */
/* Which points a vCPU has come to, by where it is or by the address that an exit names. */
#ifndef HITS_H
#define HITS_H

#include "../memory/memory.h"
#include "point.h"

/* Where a vCPU is: the address of its instruction, and what is planted there, for a point or for the end of a step; or NULL. */
struct spot {
	uint64_t addr;
	struct place *place;
	bool untold; /* no translation tells: the place is that of a point that was set by this address */
};

struct spot points_spot(const struct points *ps, struct space *s, uint64_t addr);

/* Is this an execution point that a vCPU there stands on? */
bool points_is_at(const struct point *p, const struct spot *spot);

/* The point there that has an opcode in memory, of several that which the debugger knows by this address; or NULL. */
const struct point *points_planted_at(const struct points *ps, const struct spot *spot);

/* The execution point that a debug register has at this address, or NULL. */
const struct point *points_in_register_at(const struct points *ps, uint64_t addr);

/* Is there still a watchpoint of this type at this address? */
bool points_watched(const struct points *ps, enum point_type type, uint64_t addr);

/* The watchpoint that an exit means which names the address of the data; or NULL. */
const struct point *points_of_access(const struct points *ps, uint64_t addr);

#endif
