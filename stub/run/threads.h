/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entry.c, threads.c and non_stop.c, which write to machine.state and what else the lock guards, have of each other. In all
 * functions named locked_*, machine.lock is held.
 */
#ifndef THREADS_H
#define THREADS_H

#include "../machine/machine.h"

/* entry.c */

/* What becomes of the vCPU. One that stands has nothing left to do first. */
void locked_move(struct vcpu *v, enum vcpu_state state);

/* What every transition ends with: has the machine stopped? Who may enter now, and who has to make way? */
void locked_decide(struct machine *m);

/* Call it out of the guest, if it is inside. */
void locked_kick(struct vcpu *v);

/* So many do not stand. */
unsigned locked_running(const struct machine *m);

/* Nobody is inside who is to be kept out. */
bool locked_is_clear(const struct machine *m);

/* threads.c: nobody is left. */
void locked_stopped(struct machine *m);

/* non_stop.c */

/* It has come out with an event, or because it was to. */
void locked_stands_for(struct vcpu *v);
void locked_halted(struct vcpu *v);

/* The current one, or the first one that runs, is to stop. */
void locked_interrupt_one(struct machine *m, int signal);

/* Tests are built with it: do the states go together, and is nobody forgotten? */
#ifdef THREADS_CHECKED
void locked_check(const struct machine *m);
#else
static inline void locked_check(const struct machine *m)
{
	(void)m;
}
#endif

#endif
