/* SPDX-License-Identifier: BSD-2-Clause */
/* One breakpoint or watchpoint, by the address that the debugger knows. See points.h. */
#ifndef POINT_H
#define POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/arch.h"
#include "../target.h"

struct place;
struct programs;

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

/* Is it a breakpoint, and no watchpoint? */
static inline bool point_is_exec(const struct point *p)
{
	return p->type == POINT_SOFTWARE || p->type == POINT_HARDWARE;
}

#endif
