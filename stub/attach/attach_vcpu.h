/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between attach.c, which has the host, attach_claim.c, which finds the thread of a vCPU, and attach_run.c, which has what becomes of a
 * run.
 *
 * A vCPU's tracer is a thread of ours: it traces the thread of the VMM that runs the vCPU, and is the one on which run/ calls
 * host_ops.run(). It makes no ioctl there: that is the hand's (hand.h).
 *
 * A stop is one behind a KVM_RUN that was cut short, with nothing pending, of which the VMM is to know nothing: before it goes on, the
 * thread is put back to the instruction, and makes the call again. A signal that the VMM sent comes before that: then the call has
 * been interrupted by it, and the VMM is told so. So no interruption is invented, and none is lost.
 */
#ifndef ATTACH_VCPU_H
#define ATTACH_VCPU_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "guard.h"
#include "hand.h"
#include "../host/host.h"
#include "memslots.h"
#include "memslots_seen.h"
#include "proc.h"
#include "tracee.h"

struct held;
struct held_vcpu;
struct kvm_run;
struct scout;
struct vcpu_place;

#define ATTACH_SIGNAL SIGUSR2 /* to a tracer: its thread of the VMM is to stop */
#define ATTACH_VCPUS_MAX 1024

enum attach_place {
	ATTACH_BEHIND,	  /* stopped behind a KVM_RUN that was cut short: at rest */
	ATTACH_ELSEWHERE, /* stopped somewhere in the VMM, since it did not come to KVM_RUN in time */
	ATTACH_REWOUND,	  /* going on, to make that KVM_RUN again */
	ATTACH_INSIDE,	  /* in KVM_RUN, as far as is known */
	ATTACH_OUT,	  /* in the VMM */
	ATTACH_GONE	  /* it has ended */
};

/* What a tracer does beyond finding its thread. */
enum attach_task {
	ATTACH_NONE,   /* there is no tracer: its thread has not been found */
	ATTACH_ROAMS,  /* nor here: its thread goes on by itself until the others are found */
	ATTACH_WAITS,  /* it has stopped */
	ATTACH_RUNS,   /* run/'s body, which is run once */
	ATTACH_LEAVES, /* the VMM's thread goes on by itself */
	ATTACH_LEFT    /* ... and does */
};

struct attach_vcpu {
	struct attach *host;
	unsigned nr;
	unsigned id; /* KVM's number of it */
	int fd;	     /* in the VMM */
	struct kvm_run *run;
	pthread_t thread;
	bool has_thread;
	atomic_bool kicked;
	atomic_bool synced;

	/* The tracer's. */
	struct tracee tracee;
	enum attach_place place;
	enum host_run how; /* of the run under way */
	bool finishing;	   /* its step was cut by an exit for the VMM: it is complete with the next KVM_RUN */
	bool immediate;	   /* immediate_exit is ours */
	bool late;	   /* it was waited for long enough: it is to stop wherever it is */
	bool sheltered; /* its call ends in the hand's loop: what the VMM is to see is in guard_vcpu.regs, but for the result */
	bool leaves;	/* ... and is not to */
	bool known;	/* at ATTACH_OUT: it is behind its call, as tracee.regs has it, and not where its registers are */
	bool group;	/* it has stopped with its process, by a signal */
	int64_t until;	/* ns of CLOCK_MONOTONIC: up to then it may come to KVM_RUN; or 0 */
	int64_t since;	/* ... since then it has been at rest */
	struct seen_call seen;
	volatile sig_atomic_t interrupted; /* by ATTACH_SIGNAL, since it went on last */

	/* Under attach.lock. */
	enum attach_task task;
	void *(*body)(void *);
	void *arg;
};

/*
 * Code that was changed, and is to be fetched anew by the vCPUs: with the next message to the hand, as long as none of them runs, and at the
 * latest before one does. See attach_code.c.
 */
#define ATTACH_CODE_MAX 16
struct attach_code {
	pthread_mutex_t lock; /* of all that follows; before hand.lock */
	unsigned running;     /* vCPUs */
	unsigned n;
	struct tracee_call call[ATTACH_CODE_MAX];
};

/* Where the guest's memory is in the VMM: looked for when that is asked for first. */
struct attach_memory {
	atomic_bool has_run;  /* a vCPU, since the slots were looked at */
	atomic_bool was_set;  /* ... and a slot was seen to be set */
	pthread_mutex_t lock; /* for what follows */
	bool looked, told;    /* told: by the user, and not looked for */
	bool watches;	      /* what the VMM does with its memory was seen from its start on; constant */
	bool ran;	      /* a vCPU has, since attach_open() */
	struct seen_vms seen; /* the VM's slots, as the VMM was seen to set them */
	struct memslots slots;
	char why[256]; /* none was found: a sentence */
};

struct attach {
	struct host host;
	struct proc_vm vm;
	int pidfd, memory;	  /* memory: /proc/PID/mem */
	int kvm;		  /* /dev/kvm, or -1: our own */
	int many;		  /* in the VMM: KVM_MANY_REGS_DEVICE, or -1 */
	struct attach_vcpu *vcpu; /* ATTACH_VCPUS_MAX of them, of which host.vcpus are there */
	int64_t look_at;	  /* the VMM may have made more of them: when that is looked at next */
	struct hand hand;
	struct attach_vcpu *opener; /* whose tracer has made it, or NULL */
	struct scout *scouts;	    /* threads of ours: by whoever opens or closes the host */
	bool (*gives_up)(void);	    /* as attach_config has it */
	pthread_mutex_t making;	    /* the hand, where several may want to */
	struct guard guard;
	atomic_bool guarded; /* the guardian knows the hand: before that nothing is left in its loop */
	uint64_t sync;	     /* KVM_SYNC_* that KVM is to leave in kvm_run for us */
	struct attach_memory ram;
	struct attach_code code;
	pthread_mutex_t lock;
	pthread_cond_t turn;   /* a tracer has another task */
	_Atomic unsigned left; /* vCPUs whose threads have not been found */
	atomic_bool ending;
	bool clearing; /* one of the tracers takes away what is left of the hand */
};

/*
 * Ioctls on a descriptor of the VMM's, executed there, as host_ops.calls(): of a vCPU, which is not in KVM_RUN, or of the VM. `at`: where
 * the calls go that are none, or NULL. From any thread.
 */
int attach_calls_on(struct attach *a, int fd, const struct vcpu_place *at, struct host_call *calls, unsigned n);

/* Is a system call of this number, with this for its second argument, KVM_RUN? */
bool attach_is_run(int64_t nr, uint64_t request);

/* Memory at this address of the VMM's was changed: whatever runs from here on fetches it as it is now. From any thread. */
void attach_code_changed(struct attach *a, uint64_t at, size_t len);

/*
 * How many calls that takes by now. And: as many of them, `max` at most, are in `calls`, and go with a message that is under way from now up
 * to attach_code_taken(), and meanwhile no vCPU begins to run.
 */
unsigned attach_code_waiting(struct attach *a);
unsigned attach_code_take(struct attach *a, struct hand_call *calls, unsigned max);
void attach_code_taken(struct attach *a, unsigned n);

/* A vCPU is about to run, or has run. */
void attach_code_runs(struct attach *a);
void attach_code_stops(struct attach *a);

/* By the tracer, whose thread has stopped: reads its registers. Behind a KVM_RUN that was cut short? */
bool attach_is_behind(struct attach_vcpu *v);

/* Threads of the VMM's in which vCPUs are looked for, and how long one may take to come to KVM_RUN. */
enum attach_look {
	LOOK_LIKELY, /* those that run, or are in KVM_RUN: one that runs a vCPU is back there soon */
	LOOK_ALL,
	LOOK_STAY /* all; and whoever waits for something makes the hand, if there is none */
};

/*
 * By the tracer, of a thread of the VMM that it has not seized yet: which vCPU it runs, and that is at ATTACH_BEHIND. Or NULL: none, and
 * the thread goes on by itself as soon as the tracer has ended, and so it does when all have been found. With LOOK_STAY it stays with the thread until
 * that comes to KVM_RUN, or `ending`; otherwise ATTACH_SIGNAL is what it looks up for, and is sent now and then.
 */
struct attach_vcpu *attach_claim(struct attach *a, pid_t tid, enum attach_look look);

/* The same of a thread that waits for that before its first KVM_RUN. */
struct attach_vcpu *attach_claim_held(struct attach *a, const struct held_vcpu *held);

/* While threads are waited for: nobody wants them any more. */
static inline bool attach_gives_up(const struct attach *a)
{
	return a->gives_up && a->gives_up();
}

/* Starts the tracers, each with its thread stopped. held: threads that wait for that, or NULL. 0, or -errno and a sentence. And: ends those there are. */
int attach_start_tracers(struct attach *a, const struct held *held, const struct refusal *why);
void attach_end_tracers(struct attach *a);

/*
 * By the baton's holder: the same for vCPUs that were added, of those threads that run or are in KVM_RUN. 0; or
 * -errno and a sentence: -EAGAIN, none was found in a while.
 */
int attach_find_thread(struct attach *a, const struct refusal *why);

/* A vCPU's kvm_run is mapped here. 0, or -errno and a sentence. */
int attach_map_run(struct attach *a, struct attach_vcpu *v, const struct refusal *why);

/* What KVM was told last of guest debugging. */
static inline atomic_uint *attach_control(const struct attach_vcpu *v)
{
	return &v->host->guard.table->vcpu[v->nr].control;
}

/* Would somebody bring back what lies in the hand's loop? */
static inline bool attach_is_guarded(struct attach *a)
{
	return atomic_load(&a->guarded) && guard_watches(&a->guard);
}

/* By the tracer: takes a thread that was claimed to be its vCPU's. */
void attach_own(struct attach_vcpu *v);

/* Of host_ops. */
int attach_look(struct host *h, const struct refusal *why);
int attach_start(struct host *h, unsigned vcpu, void *(*body)(void *), void *arg);
int attach_run(struct host *h, unsigned vcpu, enum host_run how, struct vcpu_exit *exit);
void attach_kick(struct host *h, unsigned vcpu);

/* KVM_RUN has returned 0: is the exit the debugger's? */
bool attach_is_ours(const struct attach_vcpu *v);

/* KVM_RUN has returned, or is to look as if it had, that it was interrupted. */
void attach_was_interrupted(struct attach_vcpu *v);

/*
 * By the tracer, in front of KVM_RUN, behind which tracee.regs are: is it to return to the hand's loop? And: it is at the entry of one that the VMM
 * makes, which is to return there, if it has to. 0 or -errno.
 */
bool attach_shelter(struct attach_vcpu *v);
int attach_shelter_call(struct attach_vcpu *v);

/* ... it has: tracee.regs become those with which the VMM goes on. */
void attach_come_home(struct attach_vcpu *v);

/* By the tracer: it rests, in the loop if there is a guardian. 0 or -errno. */
int attach_lie_down(struct attach_vcpu *v);

/* By whoever has just seized its thread, and has it stopped for the first time: it comes to rest, or stops elsewhere, or is gone. */
void attach_catch(struct attach_vcpu *v, enum tracee_stop stop);

/* By the tracer, at rest or elsewhere: its thread goes on by itself, as soon as the tracer has ended. */
void attach_let_go(struct attach_vcpu *v);

/* A guard's job, with the struct attach. */
void attach_rescue(void *arg);

/* hand.nudge, of a struct attach. */
void attach_nudge(void *attach);

/* For ATTACH_SIGNAL, once. */
void attach_install_kick(void);

#endif
