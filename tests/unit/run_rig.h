/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine over the simulated host, with the test as the one who serves its stops: it waits for one, looks, and says how to go on. The
 * guest is the test's, or run_guest.h's. For tests of run/, and of the floors that show in what it does.
 */
#ifndef RUN_RIG_H
#define RUN_RIG_H

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "../lib/patience.h"
#include "machine/open.h"
#include "machine/ops.h"
#include "monitor/commands.h"
#include "run/threads.h"
#include "sim_host.h"
#include "tap.h"

struct rig {
	struct sim_host *sim;
	struct machine machine;
	struct target target;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned stops, served;
	struct vcpu_exit exit[SIM_VCPUS];
};

static struct rig *rig;

/* The next run ends so. */
static inline void leave(struct sim_host *sim, unsigned vcpu, enum exit_kind kind)
{
	rig->exit[vcpu] = (struct vcpu_exit){ .kind = kind, .reason = 4 /* KVM_EXIT_DEBUG */ };
	sim->vcpu[vcpu].exits = &rig->exit[vcpu];
	sim->vcpu[vcpu].nexits = 1;
}

/* The baton stays with this vCPU until go(): meanwhile the test may use the target. */
static inline enum served serve(void *arg, bool waits)
{
	struct rig *r = arg;

	(void)waits;
	pthread_mutex_lock(&r->lock);
	r->stops++;
	pthread_cond_broadcast(&r->changed);
	while (r->served < r->stops)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
	return SERVED;
}

static inline void notify(void *arg, bool soon)
{
	(void)arg;
	(void)soon;
}

static inline bool has_stopped(void)
{
	bool stopped;

	pthread_mutex_lock(&rig->lock);
	stopped = rig->stops > rig->served;
	pthread_mutex_unlock(&rig->lock);
	return stopped;
}

static inline bool wait_stop(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE / 1000;
	pthread_mutex_lock(&rig->lock);
	while (rig->stops == rig->served && !pthread_cond_timedwait(&rig->changed, &rig->lock, &end))
		;
	pthread_mutex_unlock(&rig->lock);
	return has_stopped();
}

static inline void give_baton_back(void)
{
	pthread_mutex_lock(&rig->lock);
	rig->served = rig->stops;
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
}

static inline int go_on(const struct resume_action *actions)
{
	int err = rig->target.ops->resume(&rig->machine, actions);

	give_baton_back();
	return err;
}

static inline int go(enum resume_kind kind)
{
	const struct resume_action action = { .kind = kind };

	return go_on((struct resume_action[SIM_VCPUS]){ action, action, action, action });
}

/* As the watcher does it: the machine may not have begun to run. */
static inline void interrupt_guest(void)
{
	while (!threads_watch_begin(&rig->machine.guest))
		sched_yield();
	rig->target.ops->interrupt(&rig->machine);
	threads_watch_end(&rig->machine.guest);
}

/* Stopped at its entry. The rig stays for good: its threads do. */
static inline void open_machine(const struct arch *arch, unsigned vcpus, uint64_t ram_base, uint64_t ram_size,
	const struct capabilities *caps, enum batch batch)
{
	char error[256] = "";

	rig = calloc(1, sizeof(*rig));
	if (!rig)
		abort();
	pthread_mutex_init(&rig->lock, NULL);
	pthread_cond_init(&rig->changed, NULL);
	rig->sim = sim_open(arch, vcpus, ram_base, ram_size);
	if (!rig->sim || machine_open(&rig->machine, &rig->sim->host, arch, caps, batch, error, sizeof(error)))
		abort();
	rig->target = machine_target(&rig->machine);
	machine_set_commands(&rig->machine, commands_run);
	machine_set_server(&rig->machine, serve, notify, rig);
}

/* The first stop, when the guest is as the test wants it. */
static inline bool serve_first(void)
{
	threads_hand_over(&rig->machine.guest, GDB_SIGNAL_TRAP);
	return wait_stop();
}

static inline const struct stop *stop(void)
{
	return machine_stop(&rig->machine);
}

#endif
