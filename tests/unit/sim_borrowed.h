/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated machine with vCPUs that are a VMM's: what host/embed.c makes of KVM's, under one lock. The guest is a circle of three
 * instructions on each vCPU: one that counts, one that accesses a device of the VMM's, and a jump. For tests of run/.
 */
#ifndef SIM_BORROWED_H
#define SIM_BORROWED_H

#include "sim_host.h"

#define BORROWED_BASE 0x80000000u
#define BORROWED_CODE (BORROWED_BASE + 0x1000)
#define BORROWED_RAM 0x4000
#define BORROWED_COUNTS BORROWED_CODE /* the instruction that counts, and the others */
#define BORROWED_ACCESS (BORROWED_CODE + 4)
#define BORROWED_JUMP (BORROWED_CODE + 8)

struct machine;

/* A vCPU of the VMM's. Guarded by the lock of the simulated machine, but for what is atomic. */
struct borrowed {
	unsigned nr;
	struct vcpu *vcpu;
	pthread_mutex_t busy; /* KVM's own: a run, or an ioctl */
	bool inside, attended, wanted, kicked, woken;
	bool known;  /* its thread has been in the slow way */
	bool unseen; /* the VMM does not know of the last run */
	_Atomic bool pending;
	_Atomic unsigned counted, accessed;		 /* by the guest */
	_Atomic unsigned served, eintrs;		 /* by the VMM */
	_Atomic unsigned stopped_runs;			 /* an instruction was executed while the guest stood */
	_Atomic unsigned strays;			 /* exits that no VMM expects */
	_Atomic bool traps;				 /* the next run ends so */
	void (*_Atomic in_run)(struct borrowed *b);	 /* in each KVM_RUN, before anything else, with no lock held; or NULL */
	void (*_Atomic behind_wait)(struct borrowed *b); /* when it was woken, or is wanted; or NULL */
	void (*_Atomic behind_run)(
		struct borrowed *b); /* when it counts as outside again, by the slow way, and run/ does not know yet; or NULL */
};

extern struct borrowed borrowed[SIM_VCPUS];

/* Makes the machine's vCPUs borrowed ones; and the guest of m is this machine's. */
void borrow(struct sim_host *sim, struct machine *m);

/* The VMM's run of this vCPU. 0: there is an exit, to be served by borrowed_serve(); or -EINTR. By the vCPU's thread. */
int borrowed_run(struct borrowed *b);
void borrowed_serve(struct borrowed *b);

/* By the vCPU's thread, outside of a run: as kvmgdb_guest_event(). */
int borrowed_show(struct borrowed *b, const char *text);

/* The VMM wants the thread. Any thread. */
void borrowed_want(struct borrowed *b);

bool borrowed_is_planted(uint64_t addr);

#endif
