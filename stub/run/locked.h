/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entry.c, threads.c, non_stop.c and baton.c, which write to guest.state and what else the lock guards, have of each other. In all
 * functions named locked_*, guest.lock is held.
 */
#ifndef LOCKED_H
#define LOCKED_H

#include "vcpu.h"

/* entry.c */

/* What becomes of the vCPU. One that stands has nothing left to do first. */
void locked_move(struct vcpu *v, enum vcpu_state state);

/* What every transition ends with: has the machine stopped? Who may enter now, and who has to make way? */
void locked_decide(struct guest *g);

/* Call it out of the guest, if it is inside. */
void locked_kick(struct vcpu *v);

/* So many do not stand. */
unsigned locked_running(const struct guest *g);

/* Nobody is inside who is to be kept out. */
bool locked_is_clear(const struct guest *g);

/* threads.c: nobody is left. And: the baton is given back, and the machine goes on if that was asked for. */
void locked_stopped(struct guest *g);
void locked_resume(struct guest *g);

/* baton.c: a stop is to be served. */
void locked_grant_baton(struct guest *g);

/* non_stop.c */

/* It has come out with an event, or because it was to. */
void locked_stands_for(struct vcpu *v);
void locked_halted(struct vcpu *v);

/* The current one, or the first one that runs, is to stop. */
void locked_interrupt_one(struct guest *g, int signal);

/* Tests are built with it: do the states go together, and is nobody forgotten? */
#ifdef THREADS_CHECKED
void locked_check(const struct guest *g);
#else
static inline void locked_check(const struct guest *g)
{
	(void)g;
}
#endif

#endif
