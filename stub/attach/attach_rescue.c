/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guardian does: takes out of a VM what whoever was killed has left in it. See guard.h. */
#include <errno.h>
#include <linux/kvm.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <time.h>

#include "attach_vcpu.h"
#include "../host/immediate_exit.h"
#include "../host/vcpu_calls.h"

/* So often a thread is tried before the processor is left to others; and so long at most. */
#define EAGER 10000
#define PAUSE_NS 50000
#define SEIZE_NS 2000000000

#define FIRST_TAG ((uint64_t)1 << 63) /* no message of ours to the hand has such a one */

/* What KVM_RUN has returned to a thread in the loop, as the VMM is to see it: that it was interrupted, where it has nothing to do. */
static int64_t result_of(struct attach_vcpu *v)
{
	int64_t result = tracee_result(&v->tracee.regs);

	if (v->tracee.regs.r[tracee_arch.pc] == hand_run(&v->host->hand))
		return -EINTR;
	if (result == 0 && (attach_is_ours(v) || v->run->exit_reason == KVM_EXIT_INTR)) {
		v->run->exit_reason = KVM_EXIT_INTR;
		return -EINTR;
	}
	return result;
}

/* It has stopped in the loop, or in front of the call that leads to it: it is put back to where it was, behind KVM_RUN. */
static void wake_up(struct attach_vcpu *v)
{
	struct tracee_regs regs = v->host->guard.table->vcpu[v->nr].regs;
	int64_t result = result_of(v);

	if (tracee_arch.veiled >= 0)
		regs.r[tracee_arch.veiled] = v->tracee.regs.r[tracee_arch.veiled];
	tracee_set_result(&regs, result);
	v->tracee.regs = regs;
	tracee_write_regs(&v->tracee, &regs);
	v->place = result == -EINTR ? ATTACH_BEHIND : ATTACH_OUT;
}

static bool loops(const struct attach_vcpu *v)
{
	uint64_t pc = v->tracee.regs.r[tracee_arch.pc];

	return pc >= hand_rest(&v->host->hand) && pc < hand_rest(&v->host->hand) + (uint64_t)(tracee_hand_end - tracee_rest);
}

/* The kernel lets one thread go after the other: who is free is stopped at once. -EPERM: not yet. */
static int seize(struct attach_vcpu *v)
{
	struct tracee *t = &v->tracee;
	int err = t->tid ? tracee_seize(t, t->pid, t->tid, t->memory, t->options) : -ESRCH;

	if (!err) {
		tracee_interrupt(t);
		v->place = ATTACH_OUT;
	}
	return err;
}

static void seize_all(struct attach *a)
{
	bool waits[ATTACH_VCPUS_MAX], any = true;
	int64_t until = tracee_now() + SEIZE_NS;

	for (unsigned i = 0; i < a->host.vcpus; i++) {
		a->vcpu[i].place = ATTACH_GONE;
		a->vcpu[i].tracee = (struct tracee){ .pid = a->vm.pid,
			.tid = atomic_load(&a->guard.table->vcpu[i].tid),
			.memory = a->memory,
			.options = a->hand.filtered ? PTRACE_O_SUSPEND_SECCOMP : 0 };
		waits[i] = true;
	}
	for (unsigned n = 0; any && tracee_now() < until; n++) {
		any = false;
		for (unsigned i = 0; i < a->host.vcpus; i++)
			any |= waits[i] = waits[i] && seize(&a->vcpu[i]) == -EPERM;
		if (any && n < EAGER)
			sched_yield();
		else if (any)
			nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	}
}

/* The VMM's handler of a signal may run in the midst of the loop: the thread is back in it soon. */
static void take(struct attach_vcpu *v)
{
	enum tracee_stop stop;

	if (v->place == ATTACH_GONE)
		return;
	stop = tracee_wait(&v->tracee, 0, NULL);
	if (stop != TRACEE_EVENT || tracee_read_regs(&v->tracee) || !loops(v))
		attach_catch(v, stop);
	if (v->place != ATTACH_GONE && !tracee_read_regs(&v->tracee) && loops(v))
		wake_up(v);
	if (v->place == ATTACH_OUT)
		attach_catch(v, TRACEE_EVENT);
}

/* For this nobody need be stopped. */
static void take_all_out(struct attach *a)
{
	struct guard_table *t = a->guard.table;

	for (unsigned i = 0; i < GUARD_OPCODES; i++)
		if (atomic_load(&t->opcode[i].is_in) && guard_take_out(&t->opcode[i], a->memory))
			attach_code_changed(a, t->opcode[i].at, t->opcode[i].size);
}

static void disarm(struct attach *a)
{
	struct guard_table *t = a->guard.table;

	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (atomic_load(&t->vcpu[i].control))
			vcpu_set_debug(&a->host, i, 0, NULL, 0);
	attach_code_runs(a);
}

static void let_all_go(struct attach *a)
{
	hand_close(&a->hand);
	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (a->vcpu[i].place == ATTACH_BEHIND && a->hand.code && !atomic_load(&a->guard.table->way.is_gone))
			hand_clear(&a->hand, &a->vcpu[i].tracee);
	for (unsigned i = 0; i < a->host.vcpus; i++)
		attach_let_go(&a->vcpu[i]);
}

/* Nor for this; and a VMM whose vCPU had ours would not get back into its guest. */
static void clear_immediate_exits(struct attach *a)
{
	for (unsigned i = 0; i < a->host.vcpus; i++)
		immediate_clear(a->vcpu[i].run);
}

void attach_rescue(void *arg)
{
	struct attach *a = arg;

	take_all_out(a);
	clear_immediate_exits(a);
	hand_bring_back(&a->hand, a->vm.pid, a->memory);
	/* It was not made yet, and nothing was armed. */
	if (a->hand.socket < 0)
		return;
	a->guard.pid = 0;
	seize_all(a);
	/* Before anything is called: a filter may end the process for what the hand does. */
	if (hand_reopen(&a->hand, FIRST_TAG))
		return;
	for (unsigned i = 0; i < a->host.vcpus; i++)
		take(&a->vcpu[i]);
	disarm(a);
	let_all_go(a);
}
