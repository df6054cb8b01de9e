/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated machine whose guest, two instructions, runs in a circle over a place for a breakpoint, on each vCPU; an interpreter in
 * on_run() plays the processor. It sees to it that the opcode is out for nobody but the one that steps over it, and that every
 * instruction is executed exactly once. For tests of run/.
 */
#ifndef RUN_RIG_H
#define RUN_RIG_H

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "arch/riscv64.h"
#include "run/machine.h"
#include "sim_host.h"
#include "tap.h"

#define BASE 0x80000000u
#define CODE (BASE + 0x1000)   /* nop; j CODE */
#define COUNTS (BASE + 0x2000) /* how often the nop was executed: 8 bytes for each vCPU */
#define RAM 0x4000
#define LAPS 3 /* of a run that meets no breakpoint: after them it lasts until a kick */
#define NOP 0x00000013
#define JUMP_BACK 0xffdff06f
#define EBREAK 0x9002
#define PATIENCE 20 /* seconds for a stop */

struct rig {
	struct sim_host *sim;
	struct machine machine;
	struct target target;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned stops, served;
	_Atomic unsigned trespasses, stray;
	struct vcpu_exit exit[SIM_VCPUS];
};

static struct rig *rig;

/* ---- the guest ---- */

static inline uint8_t *ram(uint64_t addr)
{
	return rig->sim->ram + (addr - BASE);
}

static inline uint64_t counted(unsigned vcpu)
{
	uint64_t n;

	__atomic_load((uint64_t *)ram(COUNTS + 8 * vcpu), &n, __ATOMIC_RELAXED);
	return n;
}

static inline void count(unsigned vcpu)
{
	__atomic_fetch_add((uint64_t *)ram(COUNTS + 8 * vcpu), 1, __ATOMIC_RELAXED);
}

static inline void leave(struct sim_host *sim, unsigned vcpu, enum exit_kind kind)
{
	rig->exit[vcpu] = (struct vcpu_exit){ .kind = kind, .reason = 4 /* KVM_EXIT_DEBUG */ };
	sim->vcpu[vcpu].exits = &rig->exit[vcpu];
	sim->vcpu[vcpu].nexits = 1;
}

/* False at an ebreak. */
static inline bool execute(struct sim_host *sim, unsigned vcpu)
{
	uint64_t pc = sim_get(sim, vcpu, RV_PC);
	uint32_t code;

	memcpy(&code, ram(pc), sizeof(code));
	if ((code & 0xffff) == EBREAK)
		return false;
	if (code == NOP)
		count(vcpu);
	else if (code != JUMP_BACK)
		rig->stray++;
	sim_set(sim, vcpu, RV_PC, code == NOP ? pc + 4 : pc - 4);
	return true;
}

static inline bool is_planted(void)
{
	uint16_t code;

	memcpy(&code, ram(CODE), sizeof(code));
	return code == EBREAK;
}

static inline bool is_kicked(struct sim_host *sim, unsigned vcpu)
{
	bool kicked;

	pthread_mutex_lock(&sim->lock);
	kicked = sim->vcpu[vcpu].kicked;
	pthread_mutex_unlock(&sim->lock);
	return kicked;
}

/* The whole run happens here: what take_exit() is left to do is to wait for a kick, when there was no exit. */
static inline void play(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	unsigned instructions = how == HOST_STEP ? 1 : 2 * LAPS;
	bool lifted = rig->machine.points.planted && !is_planted();

	if (how == HOST_SETTLE)
		return;
	rig->trespasses += lifted && sim->running > 1;
	sim->vcpu[vcpu].nexits = 0;
	if (is_kicked(sim, vcpu))
		return;
	while (instructions && execute(sim, vcpu))
		instructions--;
	if (instructions)
		leave(sim, vcpu, EXIT_KVM);
	else if (how == HOST_STEP)
		leave(sim, vcpu, EXIT_IO_DONE);
}

/* ---- the rig ---- */

/* The baton stays with this vCPU until go(): meanwhile the test may use the target. */
static inline void serve(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&rig->lock);
	rig->stops++;
	pthread_cond_broadcast(&rig->changed);
	while (rig->served < rig->stops)
		pthread_cond_wait(&rig->changed, &rig->lock);
	pthread_mutex_unlock(&rig->lock);
}

static inline void notify(void *arg)
{
	(void)arg;
}

static inline bool wait_stop(void)
{
	struct timespec end;
	bool stopped;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE;
	pthread_mutex_lock(&rig->lock);
	while (rig->stops == rig->served && !pthread_cond_timedwait(&rig->changed, &rig->lock, &end))
		;
	stopped = rig->stops > rig->served;
	pthread_mutex_unlock(&rig->lock);
	return stopped;
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
	while (!machine_watch_begin(&rig->machine))
		sched_yield();
	rig->target.ops->interrupt(&rig->machine);
	machine_watch_end(&rig->machine);
}

static inline void write_guest(void)
{
	static const uint32_t code[] = { NOP, JUMP_BACK };

	memcpy(ram(CODE), code, sizeof(code));
	for (unsigned i = 0; i < rig->machine.n; i++) {
		sim_set(rig->sim, i, RV_PC, CODE);
		sim_set(rig->sim, i, RV_SATP, 0);
		rig->sim->vcpu[i].on_run = play;
	}
}

/* Stopped, with the breakpoint not yet set. The rig stays for good: its threads do. */
static inline void open_rig(unsigned vcpus, bool software)
{
	const struct capabilities caps = { .step = !software, .planted = true };
	char error[256] = "";

	rig = calloc(1, sizeof(*rig));
	if (!rig)
		abort();
	pthread_mutex_init(&rig->lock, NULL);
	pthread_cond_init(&rig->changed, NULL);
	rig->sim = sim_open(&arch_riscv64, vcpus, BASE, RAM);
	if (!rig->sim || machine_open(&rig->machine, &rig->sim->host, &arch_riscv64, &caps, BATCH_AUTO, error, sizeof(error)))
		abort();
	rig->target = machine_target(&rig->machine);
	write_guest();
	machine_set_server(&rig->machine, serve, notify, NULL);
	machine_hand_over(&rig->machine, GDB_SIGNAL_TRAP);
	ok(wait_stop(), "%u vCPUs, %s", vcpus, software ? "stepped by planted opcodes" : "stepped by KVM");
}

/* Ends it with the guest as it was: nothing planted, no instruction lost or executed where it should not be. */
static inline void close_rig(void)
{
	machine_release(&rig->machine, false);
	ok(!is_planted() && !rig->trespasses && !rig->stray, "... and the opcode was out for nobody else, and is out now");
}

static inline const struct stop *stop(void)
{
	return machine_stop(&rig->machine);
}

#endif
