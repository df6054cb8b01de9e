/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM to be attached to. It knows nothing of a debugger, and sees whatever one does to it that a VMM can see: victim.c has its options and
 * its threads, check.c what its guest is to say, kick.c the ways to get a vCPU out of KVM_RUN, entangle.c a vCPU that waits for another one,
 * control.c what it does when told to.
 */
#ifndef VICTIM_H
#define VICTIM_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "machine.h"

#define KICK_SIGNAL SIGUSR1

/* A vCPU, and what is known of it. Its own thread writes but where it says otherwise; all threads read. */
struct seat {
	struct victim *victim;
	struct vcpu *vcpu;
	pthread_t thread;
	volatile int tid;
	volatile unsigned long exits, reads, phase;
	double last;	       /* exit: seconds of check_clock() */
	volatile double gap;   /* the longest time between two, since the last report */
	unsigned int expected; /* what the guest writes next */
	volatile unsigned long broken;
	char first[160];	/* what was the first that was wrong */
	unsigned long reported; /* of control.c: exits at the last report */

	volatile unsigned long sent;	/* kicks, by the kicker */
	volatile unsigned long handled; /* signals, by the handler */
	volatile unsigned long eintr;
	volatile unsigned long uncaused; /* EINTRs that no signal explains */
	volatile unsigned long foreign;	 /* exits at which immediate_exit was none of the VMM's */
	volatile unsigned long left;	 /* ... and was not taken back within a second */
	unsigned long explained;	 /* signals that have explained an EINTR, or can do so no more */
	bool is_paused;
	const char *volatile slot_change; /* what its thread is to do with a slot, or NULL */
	volatile bool ends;		  /* its thread is to end; tid is 0 when it has */
};

/* How this VMM kicks. */
struct style {
	const char *name;
	bool is_sure;			 /* no kick is lost natively: one EINTR for each */
	void (*prepare)(struct seat *s); /* by the vCPU's thread */
	void (*on_signal)(struct seat *s);
	bool (*explain)(struct seat *s); /* was there a signal for this EINTR? */
};

enum entangled {
	NOT_ENTANGLED,
	BY_EXITS,
	BY_LOCK
};

struct victim {
	struct machine machine;
	struct seat seats[MACHINE_VCPUS];
	const struct style *style;
	const char *style_name, *image, *control;
	long vcpus;
	long storm;	  /* microseconds between two kicks; 0: there are none */
	bool storm_waits; /* for each kick to have been seen */
	long sleep;	  /* microseconds in which an exit is served */
	long spins;	  /* milliseconds */
	long uid;
	bool filtered, later, in_main, holds, forgets, slots;
	long idlers; /* threads that sleep */
	volatile enum entangled entangled;
	volatile bool is_held, is_needed; /* what `big` guards */
	pthread_mutex_t big;
	volatile bool pauses, storm_pauses; /* what is asked for */
	pthread_mutex_t lock;		    /* of what changes in `pauses`, `storm_pauses` and `is_paused` */
	pthread_cond_t changed;
	FILE *answers;
	struct victim *second; /* another VM of this process, or NULL */
};

/* victim.c */
void victim_create(struct victim *v);
void victim_seat(struct victim *v, unsigned nr); /* this vCPU has a thread from now on */

/* plug.c: one more, which begins there, or at the entry of the image if that is 0; 0 or -errno. And the thread of one ends. */
int plug_vcpu(struct victim *v, uint64_t at);
void unplug_vcpu(struct victim *v, unsigned nr);

/* check.c: a sequence's exit, if it is one. */
bool check_serve(struct seat *s);
double check_clock(void); /* seconds, of a clock that only goes on */

/* kick.c */
const struct style *style_by_name(const char *name);
void kick_prepare(struct seat *s);
void kick(struct seat *s);
void kick_start_storm(struct victim *v);
bool kick_is_seen(const struct seat *s);
int kick_run(struct seat *s); /* KVM_RUN: 0 or -errno */

/* entangle.c: by a vCPU's thread, in each exit; and what is asked for, by its name, or with another name whether it is still so. */
void entangle_serve(struct seat *s);
void entangle(struct victim *v, const char *how, FILE *answer);

/* control.c: reads commands until there are no more. */
void control_loop(struct victim *v, FILE *commands);
void control_park(struct seat *s); /* by a vCPU's thread, between two runs */

/*
 * slots.c: add, move or remove one, and answer; the same by that vCPU's thread, which calls slot_serve() between two runs; and several, before
 * there is a vCPU that runs.
 */
void slot_change(struct victim *v, const char *how);
void slot_change_by(struct seat *s, const char *how);
void slot_serve(struct seat *s);
void slots_set_early(struct victim *v);

/* hold.c: the guest's first instruction is one that leads to itself; or what it was. */
void hold_guest(struct victim *v);
void let_guest_go(struct victim *v);
uint64_t image_entry(const struct victim *v);

/*
 * watch.c: begins to look at the vCPUs' threads, and at the byte at gpa where there is RAM; and says in microseconds, each the longest: how long a
 * thread had no tracer between two, how long the byte was as it was from then on, -1: all the time, how long all signals were blocked.
 */
void watch_begin(struct victim *v, uint64_t gpa);
void watch_end(FILE *answer);

/* filter.c: from now on this thread may call KVM_RUN and what it takes to wait; anything else is the process's end. */
void filter_thread(void);

#endif
