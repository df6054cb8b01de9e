/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine over borrowed vCPUs, with the test as the VMM, and as the server. For tests of run/. */
#ifndef RUN_BORROWED_H
#define RUN_BORROWED_H

#include <errno.h>
#include <stdatomic.h>

#include "arch/riscv64.h"
#include "run/baton.h"
#include "run/turn.h"
#include "run/vmm.h"
#include "run_rig.h"
#include "sim_borrowed.h"

static struct guest *g;
static atomic_bool ends;
static pthread_t threads[SIM_VCPUS];

/* ---- the server ---- */

/* A look of the watcher's. True: the guest stands, and the baton is the test's. */
static inline bool look(bool interrupts)
{
	if (threads_watch_begin(g)) {
		threads_watch_steps(g, now_ms());
		if (interrupts)
			rig->target.ops->interrupt(&rig->machine);
		threads_watch_end(g);
	}
	if (!baton_take(g))
		return false;
	machine_stop(&rig->machine);
	return true;
}

static inline bool stops_in_time(int interrupt_ms)
{
	int64_t begun = now_ms();

	while (now_ms() - begun < PATIENCE) {
		if (look(interrupt_ms >= 0 && now_ms() - begun >= interrupt_ms))
			return true;
		sleep_us(50);
	}
	return false;
}

static inline bool attach(void)
{
	threads_hand_over(g, GDB_SIGNAL_TRAP);
	return stops_in_time(-1);
}

static inline void detach(void)
{
	machine_release(&rig->machine, true);
	baton_give_back(g);
}

static inline int resume(enum resume_kind first, unsigned thread, enum resume_kind others)
{
	struct resume_action actions[SIM_VCPUS];
	int err;

	for (unsigned i = 0; i < SIM_VCPUS; i++)
		actions[i] = (struct resume_action){ .kind = i + 1 == thread ? first : others };
	err = rig->target.ops->resume(&rig->machine, actions);
	if (!err)
		baton_give_back(g);
	return err;
}

static inline uint64_t pc_of(unsigned thread)
{
	uint64_t pc = 0;

	rig->target.ops->thread_pc(&rig->machine, thread, &pc);
	return pc;
}

static inline int set_point(uint64_t addr, const struct point_programs *programs)
{
	return rig->target.ops->set_point(&rig->machine, g->current->nr + 1, POINT_SOFTWARE, addr, 2, programs);
}

static inline int clear_point(uint64_t addr)
{
	return rig->target.ops->clear_point(&rig->machine, g->current->nr + 1, POINT_SOFTWARE, addr, 2);
}

static inline void open_guest(unsigned vcpus, bool software, bool waits)
{
	const struct capabilities caps = { .step = !software, .planted = true };
	char error[256] = "";

	rig = calloc(1, sizeof(*rig));
	if (!rig)
		abort();
	ends = false;
	rig->sim = sim_open(&arch_riscv64, vcpus, BORROWED_BASE, BORROWED_RAM);
	if (!rig->sim)
		abort();
	borrow(rig->sim, &rig->machine);
	g = &rig->machine.guest;
	if (machine_open(&rig->machine, &rig->sim->host, &arch_riscv64, &caps, BATCH_AUTO, error, sizeof(error)))
		abort();
	rig->target = machine_target(&rig->machine);
	machine_set_server(&rig->machine, NULL, notify, NULL);
	if (!waits)
		turn_set_off(g);
	for (unsigned i = 0; i < vcpus; i++)
		if (turn_add(g, i, &borrowed[i].vcpu))
			abort();
}

static inline void start(unsigned i, void *(*thread)(void *))
{
	if (pthread_create(&threads[i], NULL, thread, &borrowed[i]))
		abort();
}

static inline void finish(unsigned vcpus)
{
	ends = true;
	for (unsigned i = 0; i < vcpus; i++) {
		borrowed_want(&borrowed[i]);
		pthread_join(threads[i], NULL);
	}
}

static inline void close_guest(unsigned vcpus)
{
	for (unsigned i = 0; i < vcpus; i++)
		turn_remove(borrowed[i].vcpu);
	machine_close(&rig->machine);
	rig->sim->host.ops->close(&rig->sim->host);
	free(rig);
}

static inline bool counts(const struct borrowed *b)
{
	unsigned before = b->counted;

	return comes_true(b->counted != before);
}

static inline void tell_state(void)
{
	pthread_mutex_lock(&g->lock);
	printf("# state %d, alone %d, lone %u, unattended %d\n", g->state, g->alone ? (int)g->alone->nr : -1, g->lone,
		g->unattended);
	for (unsigned i = 0; i < g->n; i++)
		printf("# vCPU %u: state %d, home %d, known %d, want %d, first %d, alone %d, kicked %d, inside %d, pending %d\n",
			i, g->vcpus[i]->state, g->vcpus[i]->home, g->vcpus[i]->known, g->vcpus[i]->want, g->vcpus[i]->first,
			g->vcpus[i]->alone, borrowed[i].kicked, borrowed[i].inside, borrowed[i].pending);
	pthread_mutex_unlock(&g->lock);
}

#endif
