/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-stop over run_guest.h's guest, with the test as the watcher. For tests of run/. */
#ifndef RUN_WATCHER_H
#define RUN_WATCHER_H

#include "run_guest.h"

static const struct target_ops *ops;

/* One thread, or with 0 all. */
static inline int tell(unsigned thread, enum resume_kind kind)
{
	struct resume_action actions[SIM_VCPUS];

	for (unsigned i = 0; i < SIM_VCPUS; i++)
		actions[i] = (struct resume_action){ .kind = !thread || thread == i + 1 ? kind : RESUME_STAY };
	return ops->resume(&rig->machine, actions);
}

static inline bool wait_next(struct stop *stop)
{
	return comes_true(ops->next_stop(&rig->machine, stop));
}

static inline void wait_for_count(unsigned vcpu)
{
	uint64_t before = counted(vcpu);

	while (counted(vcpu) == before) {
		/* A run of the simulated guest ends after some laps, and waits for a kick. */
		threads_hold(&rig->machine.guest);
		threads_let_go(&rig->machine.guest);
	}
}

static inline void begin(unsigned vcpus, bool software)
{
	open_rig(vcpus, software);
	ops = rig->target.ops;
	ops->set_non_stop(&rig->machine, true);
	give_baton_back();
	while (!guest_non_stop(&rig->machine.guest) || !threads_watch_begin(&rig->machine.guest))
		sched_yield();
}

/* All stopped; the baton goes to a vCPU thread again. */
static inline void end(void)
{
	ops->set_non_stop(&rig->machine, false);
	threads_watch_end(&rig->machine.guest);
	ok(wait_stop(), "back to all-stop");
	close_rig();
}

#endif
