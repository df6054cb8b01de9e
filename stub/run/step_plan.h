/* SPDX-License-Identifier: BSD-2-Clause */
/* Can the guest be stepped, and where does a step end that KVM cannot do? */
#ifndef STEP_PLAN_H
#define STEP_PLAN_H

#include "vcpu.h"

/* Can this guest be stepped at all? By planting opcodes behind the instruction, since its KVM cannot? */
bool step_possible(const struct guest *g);
bool step_is_software(const struct guest *g);

/* Can interrupts wait while a vCPU steps? */
bool step_masks(const struct guest *g);

/*
 * Of a stopped vCPU, or by its own thread: where its next run, a step, or one over a breakpoint, will end: v->ends, or none when KVM
 * does the step. 0, or -errno and a sentence.
 */
int step_plan(struct vcpu *v, bool over, const struct refusal *why);

/* For the run itself, by step.c: the ends are planted while nobody else is in the guest. 0, or -errno, and then none is. */
bool plan_is_end(const struct vcpu *v, const struct spot *spot);
int plan_plant(struct vcpu *v);
void plan_unplant(struct vcpu *v);

#endif
