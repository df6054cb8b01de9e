/* SPDX-License-Identifier: BSD-2-Clause */
/* One breakpoint or watchpoint, by the address that the debugger knows, and the table of them. What is done with it: points.h. */
#ifndef POINT_H
#define POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/arch.h"
#include "../target.h"

struct capabilities;
struct memory;
struct place;
struct programs;

struct point {
	enum point_type type;
	uint64_t addr;
	uint64_t kind;
	uint64_t size;		       /* of the data, or, of an execution point, what a debug register is told */
	struct place *place;	       /* of its opcode; NULL: the point takes debug registers, or waits */
	bool waits;		       /* since a reset, for its address to be mapped: then it has a place again */
	bool barred;		       /* the guest may not execute at addr: the place is at a handler (fetch.h) ... */
	unsigned vcpu;		       /* ... where the point is met by this vCPU alone ... */
	uint64_t was[ARCH_FETCH_KEYS]; /* ... which is to have these registers again */
	struct programs *programs;     /* its conditions and commands, or NULL */
};

#define POINTS_MAX 256

struct points {
	struct memory *memory;
	const struct capabilities *caps;
	text_fn *tell; /* takes a sentence for whoever runs the machine, or NULL */
	void *tell_arg;
	struct point point[POINTS_MAX];
	unsigned n;
	unsigned planted; /* so many of them have a place */
	unsigned waiting; /* ... and so many wait for one */
};

/* Is it a breakpoint, and no watchpoint? */
static inline bool type_is_exec(enum point_type type)
{
	return type == POINT_SOFTWARE || type == POINT_HARDWARE;
}

static inline bool point_is_exec(const struct point *p)
{
	return type_is_exec(p->type);
}

#endif
