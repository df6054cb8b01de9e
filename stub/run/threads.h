/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs, who has stopped, who holds the baton: the protocol that vcpu.h tells, as others have it. */
#ifndef THREADS_H
#define THREADS_H

#include "vcpu.h"

/* Starts them, standing. 0 or -errno. */
int threads_start(struct guest *g);

/* The same for those that the host has found since: by the baton's holder, while nobody runs. */
int threads_add(struct guest *g);

/*
 * Of a guest that is left, which nobody serves any more: all vCPUs stand, for good; and, after that, their threads end. Those are the
 * host's, or end with the program.
 */
void threads_stand(struct guest *g);
void threads_part(struct guest *g);
void threads_resume(struct guest *g); /* when the baton is given back, each vCPU as its `want` says */
void threads_interrupt(struct guest *g, int signal);

/* threads.c, non-stop. It begins when the baton is given back; it ends with all vCPUs stopped. */
void threads_begin_non_stop(struct guest *g);
void threads_end_non_stop(struct guest *g);

/* A vCPU that stands goes as its `want` says; one that goes stops. */
void threads_go(struct vcpu *v);
void threads_halt(struct vcpu *v, int signal);

/* One that stands has ended the guest, as its `stop` says. */
void threads_end(struct vcpu *v);

/* What is to be reported, and all of it again. */
bool threads_take_stop(struct vcpu *v, struct stop *stop);
void threads_report_again(struct guest *g);

/* The guest is over, because the client says so: nobody runs, and nothing is told of but that. */
void threads_kill(struct guest *g);

/*
 * Nobody is in the guest between these two. To read memory, by way of v or, with NULL, physical: nobody who has other memory than the
 * guest's own, nor v. Of no effect but in non-stop.
 */
void threads_hold(struct guest *g);
void threads_hold_to_read(struct guest *g, struct vcpu *v);
void threads_let_go(struct guest *g);

/* The same while the guest runs at all, by who keeps the watcher out. False: there is nothing to let go, nobody was in, or is held already. */
bool threads_keep_out(struct guest *g);
void threads_drop_text(struct guest *g);

/* ---- for the watcher ---- */

/* Stop a running guest and have the stop served; or have a stopped one served as it is. */
void threads_hand_over(struct guest *g, int signal);

/*
 * Is the stop to be served as soon as there is a vCPU that may be looked at, and there is none so far? And: nobody waits for that any more;
 * false: one has come.
 */
bool threads_are_awaited(struct guest *g);
bool threads_await_no_more(struct guest *g);

/* Stopped, and no resume has been asked for; and whoever is to serve that has come. */
bool threads_at_rest(struct guest *g);

/* The watcher takes the baton. False when the guest is stopped and a vCPU thread has it. */
bool threads_watch_begin(struct guest *g);

/*
 * By the watcher, from time to time while it has the baton, at ms of any clock: steps of vCPUs that wait for something which may never
 * come are called out. It costs the steps themselves nothing.
 */
void threads_watch_steps(struct guest *g, int64_t ms);
void threads_watch_end(struct guest *g);

/* ---- by the baton's holder ---- */

/* Have commands printed anything? */
bool threads_have_text(struct guest *g);

/* What commands have printed since: at most GUEST_TEXT_MAX bytes and a NUL. False when there is nothing (more). */
bool threads_text(struct guest *g, char *text);

#endif
