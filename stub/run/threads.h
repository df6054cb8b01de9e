/* SPDX-License-Identifier: BSD-2-Clause */
/* What threads.c and non_stop.c, the two that write to machine.state and what else the lock guards, have of each other. */
#ifndef THREADS_H
#define THREADS_H

#include "machine.h"

/* In all functions named locked_*, machine.lock is held. */

/* threads.c */

bool locked_anyone_inside(const struct machine *m);

/* It makes way. One kick is enough: none is lost, and a second one might end the run after. */
void locked_kick(struct vcpu *v);

/* The next vCPU that has to be alone, for which the others make way, or, when there is none left, everybody. */
void locked_next(struct machine *m);

/* non_stop.c */

/* It has come out with an event, or because it was to. */
void locked_stands_for(struct vcpu *v);
void locked_halted(struct vcpu *v);

/* The current one, or the first one that runs, is to stop. */
void locked_interrupt_one(struct machine *m, int signal);

#endif
