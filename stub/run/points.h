/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints and watchpoints: planted opcodes, by physical address with the old bytes kept, and the debug registers of the
 * vCPUs. The table changes only while the machine is stopped; a running vCPU reads it without a lock.
 */
#ifndef POINTS_H
#define POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/arch.h"
#include "../target.h"

struct machine;
struct programs;
struct vcpu;

#define POINTS_MAX 256
#define TRAP_MAX 4

struct point {
	enum point_type type;
	uint64_t addr;
	uint64_t kind;
	bool planted;	       /* else it takes debug registers */
	uint64_t pa;	       /* of a planted opcode */
	uint8_t old[TRAP_MAX]; /* what the guest has there */
	struct programs *programs; /* its conditions and commands, or NULL */
};

struct points {
	struct point point[POINTS_MAX];
	unsigned n;
	unsigned planted;
};

bool points_possible(const struct machine *m, enum point_type type);
int points_set(struct vcpu *v, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs);
int points_clear(struct machine *m, enum point_type type, uint64_t addr, uint64_t kind);

/* Memory was written anew: all opcodes are put into it. */
void points_plant_all(struct machine *m);

/* All of them; those planted are taken out of memory unless the memory is gone anyway. */
void points_clear_all(struct machine *m, bool memory_gone);

/*
 * The execution point that a vCPU with its pc at addr stands on, or NULL. A planted one is known by where it is in memory, by
 * whatever address the guest has come there.
 */
const struct point *points_at(struct vcpu *v, uint64_t addr);

/* Is it a breakpoint, and no watchpoint? */
bool points_is_exec(const struct point *p);

/* Is there still a watchpoint of this type at this address? */
bool points_watched(const struct machine *m, enum point_type type, uint64_t addr);

/* Both are execution points, and a vCPU that meets the one is at the other as well. */
bool points_same_place(const struct point *a, const struct point *b);

/* The opcode that is in the way of executing the instruction at addr; the same for a vCPU that has just met a breakpoint there. */
struct point *points_planted_at(struct vcpu *v, uint64_t addr);
struct point *points_planted_with(struct machine *m, const struct point *met);

/* Take it out, for the vCPU that steps over it, and put it back. */
void points_lift(struct machine *m, const struct point *p);
void points_plant_again(struct machine *m, struct point *p);

/* What the debug registers are to hold; those of an execution point at `skip` are left out (UINT64_MAX: none is). */
void points_debug(const struct machine *m, struct arch_debug *d, uint64_t skip);

/* The point that an exit means: by slots, or by the data address. NULL when none fits. */
const struct point *points_of_slots(const struct machine *m, unsigned slots, uint64_t skip);
const struct point *points_of_access(const struct machine *m, uint64_t addr);

/* Guest-physical memory as the guest has it: planted opcodes hidden from reads, kept by writes. */
void points_hide(const struct machine *m, uint64_t pa, void *buf, size_t len);
ssize_t points_write(struct machine *m, uint64_t pa, const void *buf, size_t len);

#endif
