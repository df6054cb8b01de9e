/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conditions and commands of a breakpoint: agent expressions, verified when they are set and run at each hit, on the thread of
 * the vCPU that met the breakpoint and in its context.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include "../agent/agent.h"
#include "../memory/memory.h"
#include "../target.h"

struct programs;

/* Verified copies, to be freed by programs_free(); *out is NULL when there are none. 0, or -errno and a sentence. */
int programs_build(struct space *s, const struct point_programs *from, struct programs **out);
void programs_free(struct programs *p);
bool programs_has_commands(const struct programs *p);

/* Does one of the conditions hold, or is there none? One that cannot be evaluated is taken to hold, and why has a sentence; else "". */
bool programs_hold(const struct programs *p, struct space *s, char why[AGENT_WHY]);

/* Of the breakpoint at addr. What commands print, also what is wrong with them, goes to said. */
void programs_run_commands(const struct programs *p, struct space *s, uint64_t addr, struct agent_text *said);

#endif
