/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-stop on a simulated machine: vCPUs run and stop by themselves, and the test is the watcher. */
#include <errno.h>

#include "run_watcher.h"

#define VCPUS 4
#define ROUNDS 200

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
	ok(ops->next_stop(&rig->machine, &stop) && stop.thread == 1 && ops->next_stop(&rig->machine, &stop) &&
			stop.thread == 2 && !ops->next_stop(&rig->machine, &stop),
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
	ok(each && !guest_running(&rig->machine.guest), "each is told of where it is, as often as it comes there");
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
	comes_true(!guest_running(&rig->machine.guest));
	return !guest_running(&rig->machine.guest);
}

/* The client says that the guest is over: nobody runs, or is told of but that. What was planted is of no use any more. */
static void test_kill(void)
{
	struct stop stop;
	uint64_t before;

	begin(VCPUS, false);
	tell(0, RESUME_CONTINUE);
	wait_for_count(1);
	ops->kill(&rig->machine);
	ok(!guest_running(&rig->machine.guest) && !rig->sim->running, "a guest that is killed runs no more");
	is_int(ops->threads(&rig->machine), 0, "... and has no threads");
	ok(!ops->next_stop(&rig->machine, &stop), "... and no stop to tell of");
	is_int(tell(2, RESUME_CONTINUE), -ESRCH, "... or to go on from");
	ops->report_again(&rig->machine);
	ok(ops->next_stop(&rig->machine, &stop) && stop.kind == STOP_EXITED && stop.signal == GDB_SIGNAL_KILL &&
			!ops->next_stop(&rig->machine, &stop),
		"... but its end, asked for");
	is_int(ops->restart(&rig->machine), 0, "restarted");
	is_int(ops->threads(&rig->machine), VCPUS, "... it has threads again");
	write_guest();
	before = counted(2);
	tell(3, RESUME_CONTINUE);
	while (counted(2) == before)
		sched_yield();
	tell(3, RESUME_HALT);
	ok(wait_next(&stop) && stop.thread == 3 && !stop.signal, "... that run and stop");
	end();
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
	rig->machine.guest.stops_at[EVENT_END] = told;
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
	rig->machine.guest.stops_at[EVENT_END] = true;
	stops_at_end(0);
	tell(0, RESUME_CONTINUE);
	ok(wait_next(&stop) && stop.kind == STOP_END, "an end");
	tell(2, RESUME_HALT);
	ok(wait_next(&stop) && stop.thread == 2, "... and another stop");
	ops->set_non_stop(&rig->machine, false);
	threads_watch_end(&rig->machine.guest);
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
	test_kill();
	test_end(true);
	test_end(false);
	test_end_later();
	return done();
}
