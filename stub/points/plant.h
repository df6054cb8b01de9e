/* SPDX-License-Identifier: BSD-2-Clause */
/* The opcode of a breakpoint: which one, and at which place in guest-physical memory; or why there is none. */
#ifndef PLANT_H
#define PLANT_H

#include "../memory/memory.h"
#include "point.h"

/* Does an opcode come back to the debugger, from a vCPU as this one is now? */
bool plant_possible(const struct points *ps, struct space *s);

/* Gives the breakpoint its place, by the address space s. 0, or -errno and a sentence. */
int plant_opcode(struct points *ps, struct space *s, struct point *p);

/* One that has a place, and may have been written over by the guest. 0, or -errno and a sentence. */
int plant_again(struct points *ps, struct point *p);

#endif
