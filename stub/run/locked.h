/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entry.c, threads.c, non_stop.c and baton.c, which write to guest.state and what else the lock guards, have of each other. In all
 * functions named locked_*, guest.lock is held.
 */
#ifndef LOCKED_H
#define LOCKED_H

#include "vcpu.h"

/* guest.c: there are so many vCPUs from now on, those that are new standing. 0 or -ENOMEM. */
int locked_grow(struct guest *g, unsigned n);

/* entry.c */

/* What becomes of the vCPU. One that stands has nothing left to do first. */
void locked_move(struct vcpu *v, enum vcpu_state state);

/* What every transition ends with: has the machine stopped? Who may enter now, and who has to make way? */
void locked_decide(struct guest *g);

/* Its thread, which waits, is to look again what it may do. */
void locked_wake(struct vcpu *v);

/* Call it out of the guest, if it is inside. */
void locked_kick(struct vcpu *v);

/* So many do not stand. */
unsigned locked_running(const struct guest *g);

/* Nobody is inside who is to be kept out. */
bool locked_is_clear(const struct guest *g);

/* threads.c: its thread goes inside, and has come out. A pause that it owes the others. */
void locked_goes_inside(struct vcpu *v);
void locked_came_out(struct vcpu *v, enum step_result result);

/* threads.c: it is there no more, and stands; its stop says so. */
void locked_goes(struct vcpu *v);

/* turn.c: it stands, and is there no more, with its events; a client that wants to know is told. */
void locked_is_gone(struct vcpu *v);

/* threads.c: everybody is called out of a running guest. */
void locked_call_out(struct guest *g);

void locked_give_a_turn(struct vcpu *v);

/* threads.c: nobody is left. And: nobody serves any more, and the machine goes on if that was asked for. */
void locked_stopped(struct guest *g);
void locked_resume(struct guest *g);

/* threads.c: as threads_hand_over(). */
void locked_hand_over(struct guest *g, int signal);

/* text.c: what the vCPU has printed is moved to guest.said, if there is room. */
void locked_take_text(struct vcpu *v);

/* baton.c: the baton is somebody else's. And: a stop is to be served; by the watcher. */
void locked_pass_baton(struct guest *g, enum baton to);
void locked_grant_baton(struct guest *g);
void locked_leave_to_watcher(struct guest *g);

/* baton.c: the baton is offered to this vCPU's thread. It takes it, and serves. False: the stop is still to be served on. */
bool locked_is_offered(const struct vcpu *v);
bool locked_serve(struct vcpu *v, bool waits);

/* non_stop.c */

/* It has come out with an event, or because it was to. */
void locked_stands_for(struct vcpu *v);
void locked_halted(struct vcpu *v);

/* The guest is over, as guest.over says: nobody else is told of. */
void locked_is_over(struct guest *g);

/* The current one, or the first one that runs, is to stop. */
void locked_interrupt_one(struct guest *g, int signal);

/* Tests are built with it: do the states go together, and is nobody forgotten? And: may the baton go from who has it to there? */
#ifdef THREADS_CHECKED
void locked_check(const struct guest *g);
void locked_check_baton(const struct guest *g, enum baton to);
#else
static inline void locked_check_baton(const struct guest *g, enum baton to)
{
	(void)g;
	(void)to;
}

static inline void locked_check(const struct guest *g)
{
	(void)g;
}
#endif

#endif
