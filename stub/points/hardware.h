/* SPDX-License-Identifier: BSD-2-Clause */
/* Points that are in debug registers: whether there is room for one, what the registers are to hold, and whose each of them is. */
#ifndef HARDWARE_H
#define HARDWARE_H

#include "point.h"

/* Is there room for this one beside those of the table? 0, or -errno and a sentence. */
int hardware_room(const struct points *ps, const struct point *p);

/* What the debug registers are to hold; those of an execution point at `skip` are left out (UINT64_MAX: none is). */
void points_debug(const struct points *ps, struct debug_request *d, uint64_t skip);

/* The point that an exit means which names debug registers, a bit each, by the same `skip`; NULL when none fits. */
const struct point *points_of_slots(const struct points *ps, unsigned slots, uint64_t skip);

#endif
