/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between launch.c, which is called from outside; launch_start.c, which makes the process; launch_trace.c, the thread of ours that traces
 * it; and launch_hold.c, which holds the threads of vCPUs, in that thread.
 */
#ifndef LAUNCH_PARTS_H
#define LAUNCH_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "guard.h"
#include "held.h"
#include "launch_config.h"
#include "memslots_seen.h"
#include "tracee.h"

/* A thread of the VMM's, or of a child of it. */
struct launch_thread {
	struct tracee tracee;
	bool is_held;
	bool makes_vcpu; /* it is in KVM_CREATE_VCPU */
	struct seen_call seen;
};

enum launch_stage {
	LAUNCH_STARTS,
	LAUNCH_RUNS, /* it has been executed */
	LAUNCH_HELD, /* nobody traces it any more */
	LAUNCH_ENDED /* it has, before there was a VM; or it could not be executed */
};

enum launch_wish {
	LAUNCH_WAITS,
	LAUNCH_ENDS,
	LAUNCH_LIVES
};

struct launch {
	struct launch_config config;
	pthread_t tracer;
	bool has_tracer;
	_Atomic enum launch_stage stage;
	atomic_bool is_executed; /* it was, whatever has become of it since */
	atomic_bool gives_up;	 /* the tracer is to end as soon as it can */
	_Atomic enum launch_wish wish;
	int tty;	    /* -1: the terminal was not given away */
	int error;	    /* of exec: errno, or 0 */
	int told;	    /* a pipe's end: of that error; -1 */
	pid_t root;	    /* the process that was started */
	int status;	    /* its status as a shell has it, or -1: it has not been waited for */
	bool is_outlived;   /* ... by the VM: that is not the VM's status */
	struct guard guard; /* ends the VMM when we are killed while it is held */
	pid_t vm;	    /* the process that has the VM, or 0 */

	/* The tracer's, until it has ended. */
	struct launch_thread **threads;
	unsigned n, room;
	struct held held;
	struct seen_vms seen; /* where the VMMs' memory is */
	int64_t changed;      /* ns of CLOCK_MONOTONIC, when a vCPU was made or held last; 0: there is none */
	int64_t stopped;      /* ... when any of the threads has stopped last */
	int64_t looked;	      /* ... when it was looked last whether all are held */
};

/* By the tracer. Forks: the child waits until it is traced, and executes then. 0 or -errno. */
int launch_fork(struct launch *l);

/* The terminal is given back to us, if it was given away and is not somebody else's by now. */
void launch_take_terminal(struct launch *l);

/* The tracer: a thread's body. */
void *launch_trace(void *launch);

/* By the tracer: a thread is at the entry of this system call; or behind it. */
void launch_at_entry(struct launch *l, struct launch_thread *t, const struct tracee_call *call);
void launch_at_exit(struct launch *l, struct launch_thread *t, int64_t result);

/* By the tracer: is there nothing to wait for any more? */
bool launch_is_complete(struct launch *l);

/* By the tracer, at its end: those who are held are left asleep, or, where it gives up, make their call. */
void launch_part(struct launch *l);

/* By the tracer: traces this thread, too. 0 or -errno. */
int launch_follow(struct launch *l, pid_t tid);

#endif
