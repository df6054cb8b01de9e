/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest of two instructions that runs in a circle over a place for a breakpoint, on each vCPU of a simulated machine; an interpreter
 * in on_run() plays the processor. It sees to it that the opcode is out for nobody but the one that steps over it, and that every
 * instruction is executed exactly once. For tests of run/.
 */
#ifndef UNIT_RUN_GUEST_H
#define UNIT_RUN_GUEST_H

#include "arch/riscv64.h"
#include "run_rig.h"

#define BASE 0x80000000u
#define CODE (BASE + 0x1000)   /* nop; j CODE */
#define COUNTS (BASE + 0x2000) /* how often the nop was executed: 8 bytes for each vCPU */
#define RAM 0x4000
#define LAPS 3 /* of a run that meets no breakpoint: after them it lasts until a kick */
#define NOP 0x00000013
#define JUMP_BACK 0xffdff06f
#define EBREAK 0x9002

static _Atomic unsigned trespasses, stray;

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
		stray++;
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
	bool lifted = rig->machine.guest.points.planted && !is_planted();

	if (how == HOST_SETTLE)
		return;
	trespasses += lifted && sim->running > 1;
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

static inline void write_code(void)
{
	static const uint32_t code[] = { NOP, JUMP_BACK };

	memcpy(ram(CODE), code, sizeof(code));
}

static inline void write_guest(void)
{
	write_code();
	for (unsigned i = 0; i < rig->machine.guest.n; i++) {
		sim_set(rig->sim, i, RV_PC, CODE);
		sim_set(rig->sim, i, RV_SATP, 0);
		rig->sim->vcpu[i].on_run = play;
	}
}

/* Stopped, with the breakpoint not yet set. */
static inline void open_rig(unsigned vcpus, bool software)
{
	const struct capabilities caps = { .step = !software, .planted = true };

	trespasses = stray = 0;
	open_machine(&arch_riscv64, vcpus, BASE, RAM, &caps, BATCH_AUTO);
	write_guest();
	ok(serve_first(), "%u vCPUs, %s", vcpus, software ? "stepped by planted opcodes" : "stepped by KVM");
}

/* Ends it with the guest as it was: nothing planted, no instruction lost or executed where it should not be. */
static inline void close_rig(void)
{
	machine_release(&rig->machine, false);
	ok(!is_planted() && !trespasses && !stray, "... and the opcode was out for nobody else, and is out now");
}

#endif
