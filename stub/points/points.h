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

#include "../target.h"
#include "hardware.h"
#include "hits.h"
#include "point.h"

/* As target.h's functions of these names; the addresses are those of the space s. */
bool points_possible(const struct points *ps, enum point_type type);
int points_set(struct points *ps, struct space *s, enum point_type type, uint64_t addr, uint64_t kind,
	const struct point_programs *programs);
int points_clear(struct points *ps, enum point_type type, uint64_t addr, uint64_t kind);

/* Clears all points. Opcodes are taken out of memory, unless the memory is gone anyway. */
void points_clear_all(struct points *ps, bool memory_gone);

/*
 * Before and after a reset, which writes memory anew: an opcode goes back in where the code under it is there once more. The others take
 * debug registers, or wait: before the guest is resumed their addresses are looked up in the address space s.
 */
void points_remember(struct points *ps);
void points_after_reset(struct points *ps);
void points_plant_waiting(struct points *ps, struct space *s);

#endif
