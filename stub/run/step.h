/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of one vCPU, by its own thread. */
#ifndef STEP_H
#define STEP_H

#include "vcpu.h"

/*
 * By the vCPU's own thread, without the lock: a run, over a breakpoint if v->over, else as v->want says. It has two halves, with KVM_RUN
 * between them, whoever calls it: STEP_AGAIN asks for one by v->run.how, and for step_end() behind it, with its -errno or 0 and its exit.
 * Anything else is what came of the run; then nothing of it is left in the guest's memory.
 */
enum step_result step_begin(struct vcpu *v);
enum step_result step_end(struct vcpu *v, int err, const struct vcpu_exit *exit);

/* The whole of it, where KVM_RUN is the host's. */
enum step_result step_run(struct vcpu *v);

/* The stop is reported. A step is likely to be followed by another: KVM is told while the client is busy with the report. */
void step_expect(struct guest *g);

#endif
