/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of a run: whose is the exit, and is it a stop? By the vCPU's own thread, without the lock. */
#ifndef VERDICT_H
#define VERDICT_H

#include "vcpu.h"

/* The execution point at `skip` was left out of the debug registers; UINT64_MAX: none was. */
enum step_result verdict_judge(struct vcpu *v, const struct vcpu_exit *exit, uint64_t skip);

/* An instruction was executed, as was wanted. */
enum step_result verdict_stepped(struct vcpu *v);

/* STEP_EVENT, and v->stop is this: with SIGTRAP; with this signal and the sentence in v->text; or that `what` failed, by -errno. */
enum step_result verdict_event(struct vcpu *v, enum stop_kind kind);
enum step_result verdict_signal(struct vcpu *v, int signal);
enum step_result verdict_failed(struct vcpu *v, const char *what, int err);

/* Is one instruction to be executed, and no more? Is the pc where the steps are to go on? */
bool verdict_is_stepping(const struct vcpu *v);
bool verdict_in_range(struct vcpu *v);

#endif
