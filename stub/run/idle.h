/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs that execute nothing. Within run/. */
#ifndef IDLE_H
#define IDLE_H

#include "vcpu.h"

/* What it does: "halted", or nothing; NUL-terminated, at most size bytes. By the baton's holder, at any time. */
void idle_text(struct vcpu *v, char *text, size_t size);

/*
 * Is this stopped vCPU known to be off, so that a step of it would never end? A vCPU that was heard of when it ran last is not asked:
 * that would cost every step a system call.
 */
bool idle_is_off(struct vcpu *v);

/* Can it be noticed that a vCPU is brought up? By a step of it, or, where KVM cannot step, by asking KVM from time to time. */
bool idle_can_await(const struct guest *g);

/* Is this stopped vCPU off, and would somebody like to know when it is not any more? Only then is KVM asked. */
bool idle_is_awaited(struct vcpu *v);

/*
 * On its own thread, before it executes anything: it has come while a client was there that wants to know of that. v->stop is that event,
 * once.
 */
bool idle_is_told_of(struct vcpu *v);

/* On its own thread: an awaited vCPU is off no more, or has executed an instruction. v->stop is that event. */
void idle_brought_up(struct vcpu *v);

/* The next resume, which was to step it, is over before it began: the stop that says so. */
void idle_answer_step(struct vcpu *v);

/*
 * On its own thread: it was called out of a step, or of stepping over the breakpoint at `from`, and what comes of that. STEP_NOTHING
 * when it is to be resumed as before.
 */
enum step_result idle_called_out(struct vcpu *v, uint64_t from);

#endif
