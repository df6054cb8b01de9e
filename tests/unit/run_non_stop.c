/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-stop on a simulated machine: vCPUs run and stop by themselves, and the test is the watcher. */
#include <errno.h>

#include "run_guest.h"

#define VCPUS 4
#define ROUNDS 200

static const struct target_ops *ops;

/* One thread, or with 0 all. */
static int tell(unsigned thread, enum resume_kind kind)
{
	struct resume_action actions[SIM_VCPUS];

	for (unsigned i = 0; i < SIM_VCPUS; i++)
		actions[i] = (struct resume_action){ .kind = !thread || thread == i + 1 ? kind : RESUME_STAY };
	return ops->resume(&rig->machine, actions);
}

static bool wait_next(struct stop *stop)
{
	for (int i = 0; i < PATIENCE * 1000; i++) {
		if (ops->next_stop(&rig->machine, stop))
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return false;
}

static void wait_for_count(unsigned vcpu)
{
	uint64_t before = counted(vcpu);

	while (counted(vcpu) == before) {
		/* A run of the simulated guest ends after some laps, and waits for a kick. */
		threads_hold(&rig->machine);
		threads_let_go(&rig->machine);
	}
}

static void begin(unsigned vcpus, bool software)
{
	open_rig(vcpus, software);
	ops = rig->target.ops;
	ops->set_non_stop(&rig->machine, true);
	give_baton_back();
	while (!machine_is_non_stop(&rig->machine) || !machine_watch_begin(&rig->machine))
		sched_yield();
}

/* All stopped; the baton goes to a vCPU thread again. */
static void end(void)
{
	ops->set_non_stop(&rig->machine, false);
	machine_watch_end(&rig->machine);
	ok(wait_stop(), "back to all-stop");
	close_rig();
}

static void test_single(bool software)
{
	struct stop stop;
	uint64_t pc, other;

	begin(2, software);
	ok(!ops->next_stop(&rig->machine, &stop), "nobody has stopped");
	is_int(tell(2, RESUME_CONTINUE), 0, "one vCPU runs");
	wait_for_count(1);
	is_int(counted(0), 0, "... and the other does not");
	is_int(ops->read_reg(&rig->machine, 2, 0, &pc, sizeof(pc)), -EBUSY, "its registers cannot be read");
	ok(ops->read_reg(&rig->machine, 1, 32, &pc, sizeof(pc)) == 8, "those of the other can");
	ok(ops->read_mem(&rig->machine, 2, CODE, &other, 8) == 8, "memory can be, by way of both");
	is_int(tell(2, RESUME_CONTINUE), 0, "to tell it to go again is no error");
	tell(2, RESUME_HALT);
	ok(wait_next(&stop) && stop.thread == 2 && stop.kind == STOP_SIGNAL && !stop.signal, "it stops when it is told to");
	ok(!ops->next_stop(&rig->machine, &stop), "... once");
	tell(2, RESUME_HALT);
	ok(!ops->next_stop(&rig->machine, &stop), "one that stands does not stop again");
	tell(2, RESUME_CONTINUE);
	ops->interrupt(&rig->machine);
	ok(wait_next(&stop) && stop.thread == 2 && stop.signal == GDB_SIGNAL_INT, "an interrupt stops one that runs");
	pc = sim_get(rig->sim, 0, RV_PC);
	tell(1, RESUME_STEP);
	ok(wait_next(&stop) && stop.thread == 1 && stop.signal == GDB_SIGNAL_TRAP, "a step");
	ok(sim_get(rig->sim, 0, RV_PC) != pc, "... of one instruction");
	ops->report_again(&rig->machine);
	ok(ops->next_stop(&rig->machine, &stop) && stop.thread == 1 && ops->next_stop(&rig->machine, &stop) && stop.thread == 2 &&
			!ops->next_stop(&rig->machine, &stop),
		"all that stand, again");
	end();
}

/* A breakpoint that comes while all run: each meets it, and is told of once. */
static void test_breakpoint(bool software)
{
	unsigned met[VCPUS] = { 0 };
	struct stop stop;
	bool each = true;

	begin(VCPUS, software);
	tell(0, RESUME_CONTINUE);
	wait_for_count(3);
	is_int(ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, NULL), 0, "a breakpoint, while all run");
	for (unsigned i = 0; i < ROUNDS && wait_next(&stop); i++) {
		each &= stop.kind == STOP_SWBREAK && sim_get(rig->sim, stop.thread - 1, RV_PC) == CODE;
		met[stop.thread - 1]++;
		if (i < ROUNDS - VCPUS)
			tell(stop.thread, RESUME_CONTINUE);
	}
	for (unsigned i = 0; i < VCPUS; i++)
		each &= met[i] && met[i] <= counted(i) + 1;
	ok(each && !threads_running(&rig->machine), "each is told of where it is, as often as it comes there");
	is_int(ops->clear_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4), 0, "it goes");
	tell(0, RESUME_CONTINUE);
	wait_for_count(0);
	ok(!ops->next_stop(&rig->machine, &stop), "... and nobody stops");
	end();
}

/* One steps, again and again, while others pass a breakpoint whose condition is false; the table changes all the time. */
static void test_storm(bool software)
{
	const struct point_code never[] = { { .bytes = (const uint8_t[]){ 0x22, 0, 0x27 }, .size = 3 } };
	const struct point_programs programs = { .code = never, .nconditions = 1 };
	unsigned steps = 0;
	struct stop stop;

	begin(VCPUS, software);
	tell(0, RESUME_CONTINUE);
	tell(1, RESUME_HALT);
	wait_next(&stop);
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 3 == 0)
			ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, &programs);
		if (i % 3 == 2)
			ops->clear_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4);
		tell(1, RESUME_STEP);
		if (!wait_next(&stop))
			break;
		steps += stop.thread == 1 && stop.kind == STOP_SIGNAL && stop.signal == GDB_SIGNAL_TRAP;
	}
	is_int(steps, ROUNDS, "steps of one while others run over a breakpoint that comes and goes");
	end();
}

static bool wait_all_out(void)
{
	for (int i = 0; i < PATIENCE * 1000 && threads_running(&rig->machine); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return !threads_running(&rig->machine);
}

static void stops_at_end(unsigned vcpu)
{
	rig->sim->vcpu[vcpu].on_run = NULL;
	leave(rig->sim, vcpu, EXIT_ENDED);
	rig->exit[vcpu].code = 7;
}

/* The guest is about to end: one vCPU stands for it, until it is told to go on. */
static void test_end(bool told)
{
	char line[128] = "";
	struct stop stop;

	begin(2, false);
	rig->machine.stops_at[EVENT_END] = told;
	stops_at_end(0);
	tell(0, RESUME_CONTINUE);
	if (told) {
		ok(wait_next(&stop) && stop.thread == 1 && stop.kind == STOP_END, "the end is a stop, when told so");
		ops->thread_text(&rig->machine, 1, line, sizeof(line));
		is_str(line, "the guest powers its machine off: resumed, it has ended", "... which the thread says");
		wait_for_count(1);
		ok(!ops->next_stop(&rig->machine, &stop), "... while the other runs on");
		is_int(tell(1, RESUME_CONTINUE), 0, "resumed");
	}
	ok(wait_next(&stop) && stop.kind == STOP_EXITED && stop.code == 7, "the guest has ended");
	ok(wait_all_out() && !ops->next_stop(&rig->machine, &stop), "... and nobody runs, or is told of");
	is_int(tell(2, RESUME_CONTINUE), -ESRCH, "... or goes on");
	end();
}

/* Back in all-stop, whatever was told of last: the next resume ends it. */
static void test_end_later(void)
{
	struct stop stop;

	begin(2, false);
	rig->machine.stops_at[EVENT_END] = true;
	stops_at_end(0);
	tell(0, RESUME_CONTINUE);
	ok(wait_next(&stop) && stop.kind == STOP_END, "an end");
	tell(2, RESUME_HALT);
	ok(wait_next(&stop) && stop.thread == 2, "... and another stop");
	ops->set_non_stop(&rig->machine, false);
	machine_watch_end(&rig->machine);
	wait_stop();
	go(RESUME_CONTINUE);
	ok(wait_stop() && machine_stop(&rig->machine)->kind == STOP_EXITED && machine_stop(&rig->machine)->code == 7,
		"all-stop goes on to the end");
	close_rig();
}

int main(void)
{
	for (int software = 0; software < 2; software++) {
		test_single(software);
		test_breakpoint(software);
		test_storm(software);
	}
	test_end(true);
	test_end(false);
	test_end_later();
	return done();
}
