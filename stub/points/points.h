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
#include "../target.h"

struct machine;
struct place;
struct programs;
struct vcpu;

#define POINTS_MAX 256

struct point {
	enum point_type type;
	uint64_t addr;
	uint64_t kind;
	uint64_t size;		   /* of the data, or, of an execution point, what a debug register is told */
	struct place *place;	   /* of its opcode; NULL: it takes debug registers, or ... */
	bool waits;		   /* ... for a place, since a reset */
	bool barred;		   /* the guest may not execute there: its place is at a handler, and means ... (fetch.h) */
	unsigned vcpu;		   /* ... this vCPU alone ... */
	uint64_t was[ARCH_FETCH_KEYS]; /* ... which is to have these again */
	struct programs *programs; /* its conditions and commands, or NULL */
};

struct points {
	struct point point[POINTS_MAX];
	unsigned n;
	unsigned planted; /* so many of them have a place */
	unsigned waiting;
};

bool points_possible(const struct machine *m, enum point_type type);
int points_set(struct vcpu *v, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs);
int points_clear(struct machine *m, enum point_type type, uint64_t addr, uint64_t kind);

/* All of them; those planted are taken out of memory unless the memory is gone anyway. */
void points_clear_all(struct machine *m, bool memory_gone);

/*
 * Before and after a reset, which writes memory anew: an opcode goes back in where the code under it is there once more. The others take
 * debug registers, or wait: before the guest is resumed they are looked for in the address space of v.
 */
void points_remember(struct machine *m);
void points_after_reset(struct machine *m);
void points_plant_waiting(struct vcpu *v);

/* Where a vCPU is: the address of its instruction, and what is planted there, for a point or for the end of a step; or NULL. */
struct spot {
	uint64_t addr;
	struct place *place;
	bool untold; /* no translation tells: the place is that of a point that was set by this address */
};

struct spot points_spot(struct vcpu *v, uint64_t addr);

/* Is this an execution point that a vCPU there stands on? */
bool points_is_at(const struct point *p, const struct spot *spot);

/* The point there that has an opcode in memory, of several that which the debugger knows by this address; or NULL. */
const struct point *points_planted_at(const struct machine *m, const struct spot *spot);

/* The execution point that a debug register has at this address, or NULL. */
const struct point *points_in_register_at(const struct machine *m, uint64_t addr);

/* Is it a breakpoint, and no watchpoint? */
bool points_is_exec(const struct point *p);

/* Is there still a watchpoint of this type at this address? */
bool points_watched(const struct machine *m, enum point_type type, uint64_t addr);

/* What the debug registers are to hold; those of an execution point at `skip` are left out (UINT64_MAX: none is). */
void points_debug(const struct machine *m, struct debug_request *d, uint64_t skip);

/* The point that an exit means: by slots, or by the data address. NULL when none fits. */
const struct point *points_of_slots(const struct machine *m, unsigned slots, uint64_t skip);
const struct point *points_of_access(const struct machine *m, uint64_t addr);

#endif
