/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's run, as it is seen from outside of the VMM. See attach_vcpu.h. */
#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attach_memory.h"
#include "attach_vcpu.h"
#include "../host/immediate_exit.h"
#include "../host/kvm.h"

#define LATE_NS 200000000 /* the VMM may serve an exit for so long before its thread is stopped where it is */
#define AGAIN_NS 20000000 /* ... and another stop may have come instead */
#define END_LOOK_NS 1000000
#define LONG_NS 50000000 /* a stop that the guest's clock is told of */
#define MOMENT_MS 10	 /* HOST_WAIT's */
#define END_NS 200000000 /* threads of a process that ends have ended within so long, where one of them has */

/* Whose tracer this thread is. */
static _Thread_local struct attach_vcpu *mine;

/* --- the call */

static void clear_immediate(struct attach_vcpu *v)
{
	if (v->immediate)
		immediate_clear(v->run);
	v->immediate = false;
}

bool attach_is_run(int64_t nr, uint64_t request)
{
	return nr == SYS_ioctl && (uint32_t)request == (uint32_t)KVM_RUN;
}

static bool is_run(const struct attach_vcpu *v, const struct tracee_call *call)
{
	return attach_is_run((int64_t)call->nr, call->arg[1]) && (int)call->arg[0] == v->fd;
}

bool attach_is_behind(struct attach_vcpu *v)
{
	const struct tracee_regs *r = &v->tracee.regs;

	return !tracee_read_regs(&v->tracee) && attach_is_run(tracee_call_behind(&v->tracee), r->r[tracee_arch.arg[1]]) &&
	       tracee_result(r) == -EINTR;
}

/* The thread is at rest, and is to make the call again. */
static int rewind_call(struct attach_vcpu *v)
{
	struct tracee_regs r = v->tracee.regs;
	struct tracee_call call = { .nr = SYS_ioctl, .arg = { (uint64_t)v->fd, KVM_RUN, r.r[tracee_arch.arg[2]] } };

	for (unsigned i = 3; i < 6; i++)
		call.arg[i] = r.r[tracee_arch.arg[i]];
	r.r[tracee_arch.pc] = attach_shelter(v) ? hand_run(&v->host->hand) : r.r[tracee_arch.pc] - tracee_arch.insn_size;
	tracee_set_call(&r, &call);
	v->place = ATTACH_REWOUND;
	return tracee_write_regs(&v->tracee, &r);
}

/* It has stopped before it made the call again. */
static int undo_rewind(struct attach_vcpu *v)
{
	int err = tracee_read_regs(&v->tracee);

	if (v->sheltered)
		attach_come_home(v);
	else
		v->tracee.regs.r[tracee_arch.pc] += tracee_arch.insn_size;
	v->sheltered = false;
	attach_was_interrupted(v);
	return err ? err : tracee_write_regs(&v->tracee, &v->tracee.regs);
}

/* --- going on */

static bool is_stopped(const struct attach_vcpu *v)
{
	return v->place == ATTACH_BEHIND || v->place == ATTACH_ELSEWHERE;
}

/* System calls are stops only while that matters: each costs the VMM some microseconds. */
static int go_on(struct attach_vcpu *v)
{
	bool matters;

	if (v->group) {
		v->group = false;
		v->place = ATTACH_OUT;
		return tracee_listen(&v->tracee);
	}
	matters = atomic_load(attach_control(v)) || atomic_load(&v->kicked) || v->finishing || v->sheltered ||
		  v->place == ATTACH_REWOUND || attach_memory_awaits(v);

	return tracee_go(&v->tracee, matters ? TRACEE_SYSCALL : TRACEE_CONT);
}

/* The guest's clock is told of a long stop: Linux would take it for a lockup. */
static void tell_clock(struct attach_vcpu *v)
{
#ifdef __x86_64__
	struct host_call call = { .request = KVM_KVMCLOCK_CTRL };

	if (tracee_now() - v->since >= LONG_NS)
		v->host->host.ops->calls(&v->host->host, v->nr, &call, 1);
#else
	(void)v;
#endif
}

/* It has stopped elsewhere; or it is stopped with its process as well, and stays where it lies until that is continued. */
static void get_up(struct attach_vcpu *v)
{
	v->known = v->place == ATTACH_BEHIND;
	v->place = ATTACH_OUT;
}

static int resume(struct attach_vcpu *v)
{
	int err = 0;

	tell_clock(v);
	v->late = false;
	v->until = 0;
	if (v->place == ATTACH_BEHIND && !v->group)
		err = rewind_call(v);
	else
		get_up(v);
	return err ? err : go_on(v);
}

/* --- what a run ends with: 1 */

static int rests(struct attach_vcpu *v, enum attach_place place)
{
	/* KVM has left a copy of registers when its call returned, which one that was put back before it was made has not. */
	if (place != ATTACH_BEHIND || v->place != ATTACH_REWOUND)
		atomic_store(&v->synced, place == ATTACH_BEHIND);
	v->place = place;
	v->since = tracee_now();
	v->finishing = v->known = v->sheltered = false;
	return place == ATTACH_BEHIND && attach_lie_down(v) ? -ESRCH : 1;
}

static int kicked(struct attach_vcpu *v, enum attach_place place, struct vcpu_exit *exit)
{
	atomic_store(&v->kicked, false);
	exit->kind = EXIT_KICKED;
	return rests(v, place);
}

/* The exit is the debugger's: the VMM is not to see it, also when we are no more. */
static int report_exit(struct attach_vcpu *v, struct vcpu_exit *exit)
{
	exit->kind = EXIT_KVM;
	kvm_copy_exit(v->run, exit);
	return rests(v, ATTACH_BEHIND);
}

static bool others_live(const struct attach_vcpu *v)
{
	const struct attach *a = v->host;

	for (unsigned i = 0; i < a->host.vcpus; i++) {
		pid_t tid = atomic_load(&a->guard.table->vcpu[i].tid);

		if (i != v->nr && tid && proc_is_alive(a->vm.pid, tid))
			return true;
	}
	return false;
}

/* Its thread alone has ended, and not the VMM. */
static bool leaves_others(const struct attach_vcpu *v)
{
	int64_t until = tracee_now() + END_NS;
	bool leaves = others_live(v);

	while (leaves && tracee_now() < until) {
		nanosleep(&(struct timespec){ .tv_nsec = END_LOOK_NS }, NULL);
		leaves = others_live(v);
	}
	return leaves;
}

static int ended(struct attach_vcpu *v, bool exec, struct vcpu_exit *exit)
{
	v->place = ATTACH_GONE;
	atomic_store(&v->host->guard.table->vcpu[v->nr].tid, 0);
	exit->kind = !exec && leaves_others(v) ? EXIT_GONE : EXIT_LOST;
	exit->code = v->tracee.code;
	exit->signal = v->tracee.killer;
	snprintf(exit->text, sizeof(exit->text), exec ? "the VMM runs another program now" : "the VMM's thread has ended");
	return 1;
}

/* --- what becomes of a stop: 0: it goes on; 1: there is something to report; or -errno */

/* The VMM has the exit. */
static int goes_out(struct attach_vcpu *v)
{
	bool away = v->sheltered;

	v->place = ATTACH_OUT;
	v->sheltered = false;
	return away ? tracee_write_regs(&v->tracee, &v->tracee.regs) : 0;
}

static int behind_interrupted(struct attach_vcpu *v, bool immediate, struct vcpu_exit *exit)
{
	bool ours = v->interrupted;

	v->interrupted = false;
	if (v->finishing && immediate) {
		exit->kind = EXIT_IO_DONE;
		return rests(v, ATTACH_BEHIND);
	}
	if (atomic_load(&v->kicked))
		return kicked(v, ATTACH_BEHIND, exit);
	if (ours || immediate)
		return rewind_call(v);
	return goes_out(v);
}

static int at_exit(struct attach_vcpu *v, const struct tracee_syscall *info, struct vcpu_exit *exit)
{
	bool immediate = v->immediate;

	if (v->place != ATTACH_INSIDE) {
		attach_memory_at_exit(v, info->result);
		return 0;
	}
	clear_immediate(v);
	if (tracee_read_regs(&v->tracee))
		return -ESRCH;
	if (v->sheltered)
		attach_come_home(v);
	if (info->result == -EINTR)
		return behind_interrupted(v, immediate, exit);
	if (info->result == 0 && attach_is_ours(v))
		return report_exit(v, exit);
	v->finishing |= info->result == 0 && v->how == HOST_STEP;
	return goes_out(v);
}

static int at_entry(struct attach_vcpu *v, const struct tracee_syscall *info)
{
	attach_memory_at_entry(v, &info->call);
	if (!is_run(v, &info->call))
		return 0;
	v->place = ATTACH_INSIDE;
	if (atomic_load(&v->kicked) || v->finishing)
		v->immediate = immediate_set(v->run);
	return attach_shelter_call(v);
}

static int at_event(struct attach_vcpu *v, struct vcpu_exit *exit)
{
	bool wanted = atomic_load(&v->kicked);
	int err;

	v->interrupted = false;
	if (v->place == ATTACH_REWOUND) {
		if (!wanted)
			return 0;
		err = undo_rewind(v);
		return err ? err : kicked(v, ATTACH_BEHIND, exit);
	}
	if (v->known || attach_is_behind(v)) {
		v->known = false;
		return wanted ? kicked(v, ATTACH_BEHIND, exit) : rewind_call(v);
	}
	v->place = ATTACH_OUT;
	return 0;
}

/* It was waited for long enough, and any stop will do in which it can be left. */
static bool is_late(const struct attach_vcpu *v, enum tracee_stop stop)
{
	return v->late && v->place == ATTACH_OUT && !v->group && stop != TRACEE_SIGNAL && atomic_load(&v->kicked);
}

static int at_group(struct attach_vcpu *v, struct vcpu_exit *exit)
{
	bool behind = v->known || (v->place == ATTACH_REWOUND ? !undo_rewind(v) : attach_is_behind(v));

	v->group = true;
	v->known = behind;
	return atomic_load(&v->kicked) ? kicked(v, behind ? ATTACH_BEHIND : ATTACH_ELSEWHERE, exit) : 0;
}

static int at_signal(struct attach_vcpu *v)
{
	int err = 0;

	if (v->known)
		err = tracee_write_regs(&v->tracee, &v->tracee.regs);
	else if (v->place == ATTACH_REWOUND)
		err = undo_rewind(v);
	v->known = false;
	v->place = ATTACH_OUT;
	return err;
}

static int take_stop(struct attach_vcpu *v, enum tracee_stop stop, const struct tracee_syscall *info, struct vcpu_exit *exit)
{
	switch (stop) {
	case TRACEE_EVENT:
		return at_event(v, exit);
	case TRACEE_GROUP:
		return at_group(v, exit);
	case TRACEE_ENTRY:
		return at_entry(v, info);
	case TRACEE_EXIT:
		return at_exit(v, info, exit);
	case TRACEE_SIGNAL:
		return at_signal(v);
	default:
		return ended(v, stop == TRACEE_EXEC, exit);
	}
}

/* It is wanted, and the VMM has it: for a while. */
static int64_t patience(struct attach_vcpu *v)
{
	if (!atomic_load(&v->kicked) || v->place == ATTACH_INSIDE)
		return 0;
	if (!v->until)
		v->until = tracee_now() + LATE_NS;
	return v->until;
}

/* r: what has come of its going on. */
static int run_until(struct attach_vcpu *v, int r, struct vcpu_exit *exit)
{
	struct tracee_syscall info;

	while (!r) {
		enum tracee_stop stop = tracee_wait(&v->tracee, patience(v), &info);

		if (stop == TRACEE_LATE) {
			v->late = true;
			v->interrupted = true;
			v->until = tracee_now() + AGAIN_NS;
			tracee_interrupt(&v->tracee);
			continue;
		}
		r = take_stop(v, stop, &info, exit);
		if (!r && is_late(v, stop))
			r = kicked(v, ATTACH_ELSEWHERE, exit);
		if (!r)
			r = go_on(v);
	}
	/* Who is killed is found out by the next wait, whatever was done to it. */
	if (r == -ESRCH)
		r = tracee_wait(&v->tracee, 0, NULL) == TRACEE_GONE ? ended(v, false, exit) : -EIO;
	return r;
}

static int wait_for_kick(struct attach_vcpu *v, struct vcpu_exit *exit)
{
	if (!atomic_load(&v->kicked))
		poll(NULL, 0, MOMENT_MS);
	exit->kind = atomic_exchange(&v->kicked, false) ? EXIT_KICKED : EXIT_WAITED;
	return 0;
}

int attach_run(struct host *h, unsigned vcpu, enum host_run how, struct vcpu_exit *exit)
{
	struct attach *a = (struct attach *)h;
	struct attach_vcpu *v;
	int r;

	if (vcpu >= h->vcpus)
		return -EINVAL;
	v = &a->vcpu[vcpu];
	memset(exit, 0, sizeof(*exit));
	if (v->place == ATTACH_GONE)
		return ended(v, false, exit) - 1;
	if (how == HOST_WAIT)
		return wait_for_kick(v, exit);
	/* What is at rest has nothing pending. */
	if (how == HOST_SETTLE || atomic_load(&v->kicked))
		return kicked(v, v->place, exit) - 1;
	atomic_store(&a->ram.has_run, true);
	v->how = how;
	attach_code_runs(a);
	r = run_until(v, resume(v), exit);
	attach_code_stops(a);
	return r > 0 ? 0 : r;
}

/* --- beginning and end */

void attach_catch(struct attach_vcpu *v, enum tracee_stop stop)
{
	static const struct tracee_syscall none;
	struct vcpu_exit exit;
	int r;

	v->place = ATTACH_INSIDE;
	v->until = 0;
	v->late = v->group = v->immediate = v->sheltered = false;
	atomic_store(&v->kicked, true);
	r = take_stop(v, stop, &none, &exit);
	if (!r)
		r = go_on(v);
	run_until(v, r, &exit);
}

void attach_own(struct attach_vcpu *v)
{
	mine = v;
	v->since = tracee_now();
	if (v->place == ATTACH_BEHIND && attach_is_guarded(v->host))
		attach_lie_down(v);
}

/* It goes on, traced; with its tracer's end the kernel forgets that, and nothing stops. */
void attach_let_go(struct attach_vcpu *v)
{
	struct tracee_syscall info;
	struct vcpu_exit exit;
	int r;

	v->leaves = true;
	/* A kick that has come too late for the last run is nobody's any more: it would have the thread rest once more. */
	atomic_store(&v->kicked, false);
	/* What is stopped with its process stays so, where the VMM will see that its call was interrupted. */
	if (v->place == ATTACH_BEHIND && v->group)
		tracee_write_regs(&v->tracee, &v->tracee.regs);
	r = is_stopped(v) ? resume(v) : -ESRCH;

	/* Up to the call that it makes again. */
	while (!r && v->place == ATTACH_REWOUND) {
		r = take_stop(v, tracee_wait(&v->tracee, 0, &info), &info, &exit);
		if (!r)
			r = go_on(v);
	}
	mine = NULL;
}

/* --- kicks */

void attach_kick(struct host *h, unsigned vcpu)
{
	struct attach *a = (struct attach *)h;

	if (vcpu >= h->vcpus || !a->vcpu[vcpu].has_thread)
		return;
	atomic_store(&a->vcpu[vcpu].kicked, true);
	pthread_kill(a->vcpu[vcpu].thread, ATTACH_SIGNAL);
}

static void interrupt_mine(int signal)
{
	(void)signal;
	if (mine && mine->host->hand.filtered && mine->host->opener == mine) {
		int old = errno;

		hand_look(&mine->host->hand);
		errno = old;
	}
	if (!mine || is_stopped(mine) || mine->place == ATTACH_GONE)
		return;
	mine->interrupted = true;
	tracee_interrupt(&mine->tracee);
}

void attach_nudge(void *attach)
{
	const struct attach_vcpu *v = ((struct attach *)attach)->opener;

	if (v && v->has_thread)
		pthread_kill(v->thread, ATTACH_SIGNAL);
}

void attach_install_kick(void)
{
	struct sigaction action = { .sa_handler = interrupt_mine };

	sigaction(ATTACH_SIGNAL, &action, NULL);
}
