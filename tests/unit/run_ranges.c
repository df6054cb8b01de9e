/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps through a range of addresses, on a simulated machine. */
#include "run_guest.h"

#define AFTER (CODE + 8) /* where the guest's circle has ended */
#define NOWHERE (CODE + 0x200)

/* Thread 1 steps through the range, the others do `rest`. */
static void step_range(uint64_t start, uint64_t end, enum resume_kind rest)
{
	struct resume_action actions[SIM_VCPUS];

	for (unsigned i = 0; i < rig->machine.guest.n; i++)
		actions[i] = (struct resume_action){ .kind = rest };
	actions[0] = (struct resume_action){ .kind = RESUME_STEP, .start = start, .end = end };
	go_on(actions);
}

/* A straight line of nops: the guest has `n` of them to go until AFTER. */
static void write_line(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		memcpy(ram(AFTER + 4 * i), &(uint32_t){ NOP }, sizeof(uint32_t));
	sim_set(rig->sim, 0, RV_PC, AFTER);
}

static void test_line(bool software)
{
	open_rig(1, software);
	write_line(120);
	step_range(AFTER, AFTER + 400, RESUME_STAY);
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_TRAP,
		"a range of 100 instructions is one step");
	is_int((int64_t)sim_get(rig->sim, 0, RV_PC), AFTER + 400, "... to its end");
	is_int((int64_t)counted(0), 100, "... each executed once");
	is_int(rig->stops, 2, "... with one stop");
	step_range(AFTER, AFTER + 400, RESUME_STAY);
	ok(wait_stop() && counted(0) == 101, "from outside the range it is one instruction");
	close_rig();
}

/* The pc is on a breakpoint that was reported; another one is in the range. */
static void test_breakpoints(bool software)
{
	open_rig(1, software);
	rig->target.ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, NULL);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "at a breakpoint, the second time around");
	step_range(CODE, CODE + 4, RESUME_STAY);
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && counted(0) == 2, "a range that begins on it is stepped through");
	step_range(CODE, CODE + 8, RESUME_STAY);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "a range that leads to it ends there");
	is_int((int64_t)sim_get(rig->sim, 0, RV_PC), CODE, "... with the pc on it");
	step_range(CODE, CODE + 8, RESUME_STAY);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && counted(0) == 3, "... once around");
	close_rig();
}

static void test_condition(bool software)
{
	const struct point_code never[] = { { .bytes = (const uint8_t[]){ 0x22, 0, 0x27 }, .size = 3 } };
	const struct point_programs programs = { .code = never, .nconditions = 1 };

	open_rig(1, software);
	rig->target.ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, &programs);
	step_range(CODE, CODE + 8, RESUME_STAY);
	while (counted(0) < 50)
		sched_yield();
	interrupt_guest();
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_INT,
		"a false condition in the range does not end it, Ctrl-C does");
	close_rig();
}

/* The others have their turns, however long the range takes: one that waits for them would wait for ever. */
static void test_others(bool software)
{
	uint64_t before;

	open_rig(3, software);
	for (unsigned i = 1; i < 3; i++)
		sim_set(rig->sim, i, RV_PC, NOWHERE);
	memcpy(ram(NOWHERE), &(uint32_t[]){ NOP, JUMP_BACK }, 8);
	step_range(CODE, CODE + 8, RESUME_CONTINUE);
	while (counted(0) < 50)
		sched_yield();
	before = counted(1) + counted(2);
	while (software && counted(1) + counted(2) < before + 6)
		sched_yield();
	ok(counted(0) >= 50, "one steps in a circle, the others run");
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT, "... until Ctrl-C");
	close_rig();
}

int main(void)
{
	for (int software = 0; software < 2; software++) {
		test_line(software);
		test_breakpoints(software);
		test_condition(software);
		test_others(software);
	}
	return done();
}
