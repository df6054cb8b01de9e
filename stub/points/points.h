/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints and watchpoints: the table of them, by the addresses that the debugger knows. An opcode is at a place in guest-physical
 * memory (planted.h), by whatever address the guest comes there; what a debug register holds is virtual. The table changes only while
 * the machine is stopped; a running vCPU reads it without a lock.
 */
#ifndef POINTS_H
#define POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/arch.h"
#include "../capabilities.h"
#include "../memory/memory.h"
#include "../target.h"
#include "point.h"

#define POINTS_MAX 256

struct points {
	struct memory *memory;
	const struct capabilities *caps;
	text_fn *tell; /* takes a sentence for whoever runs the machine, or NULL */
	void *tell_arg;
	struct point point[POINTS_MAX];
	unsigned n;
	unsigned planted; /* so many of them have a place */
	unsigned waiting;
};

bool points_possible(const struct points *ps, enum point_type type);
int points_set(struct points *ps, struct space *s, enum point_type type, uint64_t addr, uint64_t kind,
	const struct point_programs *programs);
int points_clear(struct points *ps, enum point_type type, uint64_t addr, uint64_t kind);

/* All of them; those planted are taken out of memory unless the memory is gone anyway. */
void points_clear_all(struct points *ps, bool memory_gone);

/*
 * Before and after a reset, which writes memory anew: an opcode goes back in where the code under it is there once more. The others take
 * debug registers, or wait: before the guest is resumed they are looked for in the address space s.
 */
void points_remember(struct points *ps);
void points_after_reset(struct points *ps);
void points_plant_waiting(struct points *ps, struct space *s);

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

/* What the debug registers are to hold; those of an execution point at `skip` are left out (UINT64_MAX: none is). */
void points_debug(const struct points *ps, struct debug_request *d, uint64_t skip);

/* The point that an exit means: by slots, or by the data address. NULL when none fits. */
const struct point *points_of_slots(const struct points *ps, unsigned slots, uint64_t skip);
const struct point *points_of_access(const struct points *ps, uint64_t addr);

#endif
