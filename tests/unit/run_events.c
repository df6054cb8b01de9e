/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs that execute nothing, and what the guest does to its machine as a whole, on a simulated machine. */
#include <errno.h>

#include <linux/kvm.h>
#include <string.h>

#include "run/due.h"
#include "run/vmm.h"
#include "run_guest.h"

#define STOPPED 5 /* KVM_MP_STATE_STOPPED */

static const char *text(void)
{
	return stop()->text ? stop()->text : "";
}

static bool is_step(void)
{
	return stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_TRAP && stop()->thread == 1;
}

/* The next run brings this, and nothing else. */
static void arrange(enum exit_kind kind)
{
	rig->sim->vcpu[0].on_run = NULL;
	leave(rig->sim, 0, kind);
	rig->exit[0].code = 7;
	snprintf(rig->exit[0].text, sizeof(rig->exit[0].text), "%s",
		kind == EXIT_CRASHED || kind == EXIT_SHUT_DOWN ? "it broke" : "");
}

static void watch(int64_t ms)
{
	while (!threads_watch_begin(&rig->machine.guest))
		sched_yield();
	threads_watch_steps(&rig->machine.guest, ms);
	threads_watch_end(&rig->machine.guest);
}

static void wait_inside(unsigned vcpu)
{
	bool inside = false;

	while (!inside) {
		pthread_mutex_lock(&rig->machine.guest.lock);
		inside = vcpu_is_inside(rig->machine.guest.vcpus[vcpu]);
		pthread_mutex_unlock(&rig->machine.guest.lock);
		sched_yield();
	}
}

static void test_off(void)
{
	char line[64];

	open_rig(1, false);
	rig->sim->vcpu[0].mp_state = STOPPED;
	go(RESUME_STEP);
	ok(wait_stop() && is_step(), "the step of a vCPU that is off is over");
	is_str(text(), "vCPU 0 executes nothing, it is stopped (SBI HSM): the step ends where it began", "... with a sentence");
	is_int(rig->sim->vcpu[0].runs, 0, "... and it was not run");
	rig->target.ops->thread_text(&rig->machine, 1, line, sizeof(line));
	is_str(line, "stopped (SBI HSM)", "a thread says what it is doing");
	rig->sim->vcpu[0].mp_state = 0;
	rig->target.ops->thread_text(&rig->machine, 1, line, sizeof(line));
	is_str(line, "", "... and no more of one that is stopped where it would run");
	go(RESUME_STEP);
	ok(wait_stop() && is_step() && !stop()->text, "on again, it is stepped");
	rig->sim->vcpu[0].mp_gets = 0;
	go(RESUME_STEP);
	ok(wait_stop() && is_step(), "... and again");
	is_int(rig->sim->vcpu[0].mp_gets, 0, "... without being asked whether it is on");
	close_rig();
}

/* Its pc is a thing of the past: there is nothing to get past, alone, before it executes. */
static void test_off_at_point(void)
{
	open_rig(2, false);
	rig->sim->vcpu[1].mp_state = STOPPED;
	rig->sim->vcpu[0].on_run = rig->sim->vcpu[1].on_run = NULL;
	sim_set(rig->sim, 0, RV_PC, CODE + 4);
	regfile_forget(&rig->machine.guest.vcpus[0]->regs);
	rig->target.ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, NULL);
	go(RESUME_CONTINUE);
	wait_inside(0);
	wait_inside(1);
	ok(rig->machine.guest.vcpus[1]->first != FIRST_OVER && is_planted(),
		"a vCPU that is off where a breakpoint is holds nobody");
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT, "... and stops like any other");
	close_rig();
}

/* KVM steps the one that is off; the other runs as ever. */
static void test_brought_up(bool to_user)
{
	open_rig(2, false);
	rig->sim->vcpu[1].mp_state = STOPPED;
	rig->sim->vcpu[0].on_run = rig->sim->vcpu[1].on_run = NULL;
	rig->machine.guest.stops_at[EVENT_VCPU] = to_user;
	ok(rig->target.ops->has_thread_events(&rig->machine) && !rig->target.ops->set_thread_events(&rig->machine, !to_user),
		"who comes up is to be told");
	go(RESUME_CONTINUE);
	wait_inside(0);
	wait_inside(1);
	watch(1000);
	watch(90000);
	sched_yield();
	ok(!has_stopped(), "a vCPU that is off may be so for ever");
	pthread_mutex_lock(&rig->sim->lock);
	rig->sim->vcpu[1].mp_state = 0;
	leave(rig->sim, 1, EXIT_IO_DONE);
	pthread_cond_broadcast(&rig->sim->kick);
	pthread_mutex_unlock(&rig->sim->lock);
	ok(wait_stop() && stop()->kind == (to_user ? STOP_SIGNAL : STOP_CREATED) && stop()->thread == 2,
		"when it is brought up, it stops");
	is_str(text(), to_user ? "vCPU 1 was brought up, and has executed its first instruction" : "",
		to_user ? "... with a sentence" : "... which the client has asked for");
	rig->sim->vcpu[0].mp_gets = rig->sim->vcpu[1].mp_gets = 0;
	go(RESUME_CONTINUE);
	wait_inside(0);
	wait_inside(1);
	is_int(rig->sim->vcpu[1].mp_gets, 0, "then it is like any other");
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT, "... and runs");
	close_rig();
}

/* Where KVM cannot step, it is asked. */
static void test_noticed(void)
{
	struct sim_vcpu *second;
	int64_t before;

	open_rig(2, true);
	second = &rig->sim->vcpu[1];
	second->mp_state = STOPPED;
	ok(!rig->target.ops->has_thread_events(&rig->machine),
		"where KVM neither steps nor tells who is off, nothing is promised");
	rig->sim->caps[KVM_CAP_MP_STATE] = 1;
	ok(rig->target.ops->has_thread_events(&rig->machine) && !rig->target.ops->set_thread_events(&rig->machine, true),
		"where it tells, who comes up is to be told");
	go(RESUME_CONTINUE);
	while (second->waits < 3)
		sched_yield();
	ok(!has_stopped() && !second->runs, "a vCPU that is off is not run");
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT && !second->runs, "... and is out when the machine stops");
	rig->target.ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, NULL);
	sim_set(rig->sim, 0, RV_PC, CODE + 4);
	regfile_forget(&rig->machine.guest.vcpus[0]->regs);
	rig->sim->vcpu[0].on_run = NULL;
	go(RESUME_CONTINUE);
	wait_inside(0);
	before = (int64_t)counted(1);
	second->mp_state = 0;
	ok(wait_stop() && stop()->kind == STOP_CREATED && stop()->thread == 2 && !stop()->text,
		"when it is brought up, that is told");
	is_int(second->runs, 0, "... before it runs");
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && stop()->thread == 2, "... and it meets a breakpoint where it begins");
	is_int((int64_t)counted(1), before, "... at once");
	close_rig();
}

static void test_waiting_step(void)
{
	open_rig(1, false);
	rig->sim->vcpu[0].on_run = NULL;
	go(RESUME_STEP);
	wait_inside(0);
	watch(5000);
	watch(5000 + STEP_MS - 1);
	sched_yield();
	ok(!has_stopped(), "a step that waits has its time");
	watch(5000 + STEP_MS);
	ok(wait_stop() && is_step(), "... and is over then");
	is_str(text(),
		"vCPU 0 has not completed its step in a second, it waits for an interrupt or is in a handler: the step ends here",
		"... with a sentence");
	go(RESUME_CONTINUE);
	wait_inside(0);
	watch(10000);
	watch(90000);
	sched_yield();
	ok(!has_stopped(), "a vCPU that just runs may wait for ever");
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT && !stop()->text, "... until it is interrupted");
	close_rig();
}

/* The other vCPU is held meanwhile: it may be the one that is waited for. */
static void test_waiting_over(void)
{
	open_rig(2, false);
	rig->target.ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, NULL);
	rig->sim->vcpu[0].on_run = rig->sim->vcpu[1].on_run = NULL;
	sim_set(rig->sim, 1, RV_PC, CODE + 4);
	regfile_forget(&rig->machine.guest.vcpus[1]->regs);
	go(RESUME_CONTINUE);
	wait_inside(0);
	ok(!vcpu_is_inside(rig->machine.guest.vcpus[1]), "a vCPU that steps over a breakpoint holds the other");
	watch(1000);
	watch(1000 + STEP_MS);
	wait_inside(1);
	wait_inside(0);
	ok(is_planted(), "one that waits at it gives up, the opcode is in, and both run");
	pthread_mutex_lock(&rig->sim->lock);
	leave(rig->sim, 0, EXIT_KVM);
	pthread_cond_broadcast(&rig->sim->kick);
	pthread_mutex_unlock(&rig->sim->lock);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && stop()->thread == 1,
		"... which is met again, as it was not executed");
	close_rig();
}

static void test_reset(void)
{
	open_rig(1, false);
	rig->target.ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, NULL);
	sim_set(rig->sim, 0, RV_PC, CODE + 4);
	arrange(EXIT_RESET);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_RESET && stop()->signal == GDB_SIGNAL_TRAP, "a reset is a stop");
	is_str(text(), "the guest asks for a reset: resumed, it starts over", "... with a sentence");
	is_int(rig->sim->resets, 0, "... before it is one");
	ok(!due_goes_on(&rig->machine.guest, true), "... which the client is told of");
	write_guest();
	sim_set(rig->sim, 0, RV_PC, CODE + 4);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "when resumed, it starts over with its breakpoint");
	is_int(rig->sim->resets, 1, "... having been reset once");
	arrange(EXIT_RESET);
	sim_set(rig->sim, 0, RV_PC, CODE + 4);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_RESET, "a second time");
	write_guest();
	go(RESUME_STEP);
	ok(wait_stop() && is_step() && rig->sim->resets == 2, "a step of it is over at the entry");
	is_int((int64_t)counted(0), 0, "... where nothing was executed");
	close_rig();
}

static void test_reset_unasked(void)
{
	open_rig(1, false);
	arrange(EXIT_RESET);
	go(RESUME_CONTINUE);
	ok(wait_stop(), "a reset that the client does not want to hear of");
	rig->machine.guest.stops_at[EVENT_RESET] = false;
	ok(due_goes_on(&rig->machine.guest, true) && rig->sim->resets == 1, "... is done");
	rig->machine.guest.asked = ASKED_NOTHING;
	arrange(EXIT_RESET);
	go(RESUME_CONTINUE);
	ok(wait_stop(), "again");
	rig->machine.guest.interrupted = true;
	ok(!due_goes_on(&rig->machine.guest, true), "... but not when there was a Ctrl-C: that wants a stop");
	arrange(EXIT_SHUT_DOWN);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_RESET && stop()->signal == GDB_SIGNAL_BUS,
		"a processor that gives up is a stop, too");
	is_str(text(), "it broke: resumed, it starts over", "... with its sentence");
	ok(!due_goes_on(&rig->machine.guest, true) && !due_goes_on(&rig->machine.guest, false), "... always");
	close_rig();
}

static void test_end(void)
{
	open_rig(1, false);
	rig->machine.guest.stops_at[EVENT_END] = true;
	arrange(EXIT_ENDED);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_END && stop()->signal == GDB_SIGNAL_TRAP, "an end is a stop, when told so");
	is_str(text(), "the guest powers its machine off: resumed, it has ended", "... with a sentence");
	go(RESUME_STEP);
	ok(wait_stop() && stop()->kind == STOP_EXITED && stop()->code == 7 && !stop()->signal && !stop()->text,
		"then it is the end");
	rig->target.ops->restart(&rig->machine);
	arrange(EXIT_CRASHED);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_END && stop()->signal == GDB_SIGNAL_ABRT, "so is a crash");
	machine_release(&rig->machine, true);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_EXITED && stop()->signal == GDB_SIGNAL_ABRT,
		"... which nobody's leaving undoes");
	rig->target.ops->restart(&rig->machine);
	arrange(EXIT_CRASHED);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_EXITED && stop()->signal == GDB_SIGNAL_ABRT,
		"without being told, it is the end at once");
	is_str(text(), "it broke", "... with what the guest says");
}

/* The VMM's own stop comes when the client has let the guest go, and nothing of it runs yet. */
static void test_stopped_early(void)
{
	const struct resume_action all[SIM_VCPUS] = { { .kind = RESUME_CONTINUE }, { .kind = RESUME_CONTINUE } };

	open_rig(2, false);
	vmm_stops(&rig->machine.guest, "of no use, the guest stands");
	rig->target.ops->resume(&rig->machine, all);
	vmm_stops(&rig->machine.guest, "enough");
	give_baton_back();
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_INT,
		"a stop that comes before the guest runs is one");
	is_str(text(), "enough", "... with its sentence");
	ok(!counted(0) && !counted(1), "... and nothing was executed");
	vmm_stops(&rig->machine.guest, "of no use, the guest stands");
	go(RESUME_CONTINUE);
	wait_inside(0);
	ok(!has_stopped(), "one that finds the guest standing is none");
	interrupt_guest();
	ok(wait_stop() && !stop()->text, "... and says nothing of the next");
	close_rig();
}

/* --- `monitor` commands of IDEs */

static void ignore_text(void *arg, const char *piece)
{
	(void)arg;
	(void)piece;
}

static int command(const char *line)
{
	return rig->target.ops->command(&rig->machine, line, ignore_text, NULL);
}

static void test_reset_commands(void)
{
	open_rig(1, false);
	rig->sim->host.has_image = true;
	is_int(command("reset halt"), COMMAND_RESET, "reset halt: as after a restart");
	is_int((int)rig->sim->resets, 1, "... the machine is built anew");
	is_int(command("gdb_sync"), COMMAND_DONE, "gdb_sync");
	go(RESUME_STEP);
	ok(wait_stop() && is_step() && !stop()->text && !rig->sim->vcpu[0].runs,
		"... and a step is over with nothing executed");
	go(RESUME_STEP);
	ok(wait_stop() && is_step() && rig->sim->vcpu[0].runs, "... the next one is one");
	is_int(command("system_reset"), COMMAND_RESET, "system_reset");
	is_int(command("reset what"), -EINVAL, "a reset of no kind");
	is_int((int)rig->sim->resets, 2, "... is none");
	is_int(command("halt"), COMMAND_DONE, "halt");
	is_int(command("exit"), COMMAND_ENDS, "exit");
	close_rig();
}

/* What was loaded stays, until it has run. */
static void test_reset_of_loaded(void)
{
	open_rig(1, false);
	is_int(command("reset halt"), COMMAND_DONE, "reset of what was loaded, and has not run");
	is_int((int)rig->sim->resets, 0, "... is none");
	go(RESUME_STEP);
	ok(wait_stop() && is_step(), "it runs");
	is_int(command("reset"), COMMAND_RESET, "... and is reset");
	is_int((int)rig->sim->resets, 1, "... with all that was loaded");
	close_rig();
}

static void test_events_nothing(void)
{
	open_rig(1, false);
	ok(!rig->sim->host.open_bus, "an access to nothing is a stop");
	is_int(command("events nothing go"), COMMAND_DONE, "let go");
	ok(rig->sim->host.open_bus, "... it is none");
	machine_release(&rig->machine, false);
	ok(!rig->sim->host.open_bus, "... for this connection");
	close_rig();
}

int main(void)
{
	test_off();
	test_off_at_point();
	test_brought_up(true);
	test_brought_up(false);
	test_noticed();
	test_waiting_step();
	test_waiting_over();
	test_reset();
	test_reset_unasked();
	test_end();
	test_stopped_early();
	test_reset_commands();
	test_reset_of_loaded();
	test_events_nothing();
	return done();
}
