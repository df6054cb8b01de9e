/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conditions and commands of a breakpoint: agent expressions, verified when they are set and run at each hit, on the thread of
 * the vCPU that met the breakpoint and in its context.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include "../target.h"

struct point;
struct programs;
struct vcpu;

/* Verified copies, to be freed by programs_free(); *out is NULL when there are none. 0, or -errno and a sentence. */
int programs_build(struct vcpu *v, const struct point_programs *from, struct programs **out);
void programs_free(struct programs *p);
bool programs_has_commands(const struct programs *p);

/*
 * v has met this breakpoint, and with it all that are at the same place. Runs the commands of those whose condition holds; returns
 * the one that is to be reported, or NULL: then the vCPU goes on. A condition that cannot be evaluated is taken to hold, and
 * v->text says why; else v->text is empty.
 */
const struct point *programs_judge(struct vcpu *v, const struct point *met);

#endif
