/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of one vCPU, by its own thread. */
#ifndef STEP_H
#define STEP_H

#include "vcpu.h"

/* The vCPU's thread runs its vCPU, over a breakpoint if v->over, else as v->want says, until it comes out. */
enum step_result step_run(struct vcpu *v);

/* The stop is reported. A step is likely to be followed by another: KVM is told while the client is busy with the report. */
void step_expect(struct guest *g);

#endif
