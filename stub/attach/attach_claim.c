/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPU a thread of the VMM runs. See attach_vcpu.h. */
#include <errno.h>
#include <linux/kvm.h>
#include <sys/ptrace.h>
#include <time.h>

#include "attach_vcpu.h"
#include "../host/immediate_exit.h"
#include "held.h"

#define LOOKS 300 /* at who may be behind a call that was cut short: the others go on within so many, on a busy computer, too */
#define LOOK_NS 300000
#define GLANCE_NS 100000000   /* so often is looked whether it is still wanted */
#define LIKELY_NS 50000000    /* a vCPU's thread comes to KVM_RUN in so long, */
#define CLAIM_NS 300000000    /* ... or so long, where nothing says that it is one */
#define ANSWER_NS 10000000000 /* ... and stops in so long, however busy its computer is */

/* One that was found and let go once more is not: it may be that its thread does not come to run for long. */
static bool is_nobodys(const struct attach_vcpu *v)
{
	return v->place == ATTACH_GONE && !v->has_thread && !atomic_load(&v->host->guard.table->vcpu[v->nr].tid);
}

static struct attach_vcpu *find(struct attach *a, uint64_t fd)
{
	for (unsigned i = 0; i < a->host.vcpus; i++)
		if ((uint64_t)a->vcpu[i].fd == fd && is_nobodys(&a->vcpu[i]))
			return &a->vcpu[i];
	return NULL;
}

/* KVM_RUN has left it so, or will: who has just returned from one that was cut short is such a one. */
static bool may_be_behind(const struct attach_vcpu *v)
{
	return is_nobodys(v) && (__atomic_load_n(&v->run->exit_reason, __ATOMIC_SEQ_CST) == KVM_EXIT_INTR ||
					__atomic_load_n(&v->run->immediate_exit, __ATOMIC_SEQ_CST));
}

/*
 * Some architectures do not keep the descriptor of the call that was interrupted. Theirs clear exit_reason when KVM_RUN begins, and
 * say KVM_EXIT_INTR there when a signal cuts it short, or leave immediate_exit as it was, if it was that. The thread has stopped, so this
 * stays true of its own vCPU, and the others, which are kicked now and then, do not stay so. NULL: it cannot be told, and the VMM sees that
 * the call was interrupted, once.
 */
static struct attach_vcpu *find_cut_short(struct attach *a)
{
	bool stays[ATTACH_VCPUS_MAX];
	struct attach_vcpu *found = NULL;
	unsigned n = a->host.vcpus + 1;

	for (unsigned i = 0; i < a->host.vcpus; i++)
		stays[i] = true;
	for (unsigned look = 0; look < LOOKS && n > 1; look++) {
		if (look)
			nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
		n = 0;
		for (unsigned i = 0; i < a->host.vcpus; i++) {
			stays[i] &= may_be_behind(&a->vcpu[i]);
			n += stays[i];
			found = stays[i] ? &a->vcpu[i] : found;
		}
	}
	return n == 1 ? found : NULL;
}

/* The one whose KVM_RUN this stop is behind. */
static struct attach_vcpu *find_behind(struct attach *a, struct attach_vcpu *probe)
{
	if (!attach_is_behind(probe))
		return NULL;
	return tracee_arch.keeps_first ? find(a, (uint32_t)probe->tracee.regs.r[tracee_arch.first]) : find_cut_short(a);
}

static struct attach_vcpu *find_called(struct attach *a, const struct tracee_syscall *info)
{
	return attach_is_run((int64_t)info->call.nr, info->call.arg[1]) ? find(a, (uint32_t)info->call.arg[0]) : NULL;
}

/* It has come to KVM_RUN by itself: it is cut short there. */
static bool cut_short(struct attach_vcpu *v, struct tracee *t)
{
	struct tracee_syscall info;
	enum tracee_stop stop;
	bool immediate = immediate_set(v->run);

	stop = tracee_go(t, TRACEE_SYSCALL) ? TRACEE_GONE : tracee_wait(t, 0, &info);
	if (immediate)
		immediate_clear(v->run);
	return stop == TRACEE_EXIT && info.result == -EINTR && immediate;
}

/* The thread was found: it is its vCPU's from here on. */
static struct attach_vcpu *claimed(struct attach_vcpu *v, const struct tracee *t)
{
	v->tracee = *t;
	v->place = ATTACH_BEHIND;
	v->since = tracee_now();
	return v;
}

/* One stop. 0: it goes on; 1: *v is found; -1: there is no more to see. */
static int look_at_stop(struct attach *a, struct attach_vcpu *probe, enum tracee_stop stop, const struct tracee_syscall *info,
	struct attach_vcpu **v)
{
	switch (stop) {
	case TRACEE_EVENT:
		*v = find_behind(a, probe);
		return *v ? 1 : 0;
	case TRACEE_ENTRY:
		*v = find_called(a, info);
		return *v && cut_short(*v, &probe->tracee) && !tracee_read_regs(&probe->tracee) ? 1 : 0;
	case TRACEE_EXIT:
	case TRACEE_SIGNAL:
		return 0;
	default:
		return -1;
	}
}

/* Where no thread is behind a KVM_RUN, one that waits for something else has to make the hand: it is stopped, and goes on waiting. */
static void make_hand(struct attach *a, struct tracee *t)
{
	pthread_mutex_lock(&a->making);
	if (a->hand.socket < 0 && !tracee_read_regs(t) && !hand_open(&a->hand, t, a->pidfd, NULL))
		tracee_interrupt(t); /* behind a call that was injected, the kernel would forget to begin the other one again */
	pthread_mutex_unlock(&a->making);
}

static bool goes_on_waiting(const struct attach *a, enum attach_look look)
{
	return look == LOOK_STAY && a->left && !a->ending && !attach_gives_up(a);
}

/* Whoever stays is sent no signal, and looks up by itself. */
static int64_t next_glance(int64_t until)
{
	int64_t glance = tracee_now() + GLANCE_NS;

	return glance < until ? glance : until;
}

/* The next stop, or TRACEE_LATE when the time is up, or nobody wants it any more. */
static enum tracee_stop wait_for(
	const struct attach *a, struct tracee *t, int64_t until, enum attach_look look, struct tracee_syscall *info)
{
	enum tracee_stop stop;

	do {
		stop = tracee_wait(t, look == LOOK_STAY ? next_glance(until) : TRACEE_NUDGED, info);
	} while (stop == TRACEE_LATE && tracee_now() < until && a->left && !attach_gives_up(a));
	return stop;
}

struct attach_vcpu *attach_claim(struct attach *a, pid_t tid, enum attach_look look)
{
	struct attach_vcpu probe = { .host = a }, *v = NULL;
	struct tracee_syscall info;
	int64_t until = tracee_now() + ANSWER_NS;
	bool answered = false;
	int r = 0;

	if (tracee_seize(&probe.tracee, a->vm.pid, tid, a->memory, a->hand.filtered ? PTRACE_O_SUSPEND_SECCOMP : 0))
		return NULL;
	tracee_interrupt(&probe.tracee);
	while (!r) {
		enum tracee_stop stop = wait_for(a, &probe.tracee, until, look, &info);

		if (stop == TRACEE_LATE && goes_on_waiting(a, look)) {
			until = tracee_now() + CLAIM_NS;
			continue;
		}
		if (stop == TRACEE_LATE)
			break;
		/* Before that it is not let go: what it is interrupted in would return, and nobody would make that undone. */
		if (!answered)
			until = tracee_now() + (look == LOOK_LIKELY ? LIKELY_NS : CLAIM_NS);
		answered = true;
		r = look_at_stop(a, &probe, stop, &info, &v);
		if (!r && look == LOOK_STAY && stop == TRACEE_EVENT)
			make_hand(a, &probe.tracee);
		if (!r && tracee_go(&probe.tracee, TRACEE_SYSCALL))
			r = -1;
	}
	return r > 0 ? claimed(v, &probe.tracee) : NULL;
}

/* --- one that is held */

/* It is interrupted in the call in which it sleeps. Until then its signals are blocked; only its process may be stopped by one. */
static bool is_woken(struct tracee *t)
{
	int64_t until = tracee_now() + ANSWER_NS;
	enum tracee_stop stop;

	tracee_interrupt(t);
	do {
		stop = tracee_wait(t, until, NULL);
		if (stop == TRACEE_GROUP)
			tracee_listen(t);
	} while (stop == TRACEE_GROUP);
	return stop == TRACEE_EVENT;
}

/* The call that it was about to make has been interrupted before it did anything: so its registers have it. */
static int put_behind(struct tracee *t, const struct held_vcpu *held)
{
	struct tracee_regs regs = held->regs;
	uint64_t mask;
	int err = tracee_read_regs(t);

	if (err)
		return err;
	if (tracee_arch.veiled >= 0)
		regs.r[tracee_arch.veiled] = t->regs.r[tracee_arch.veiled];
	tracee_set_result(&regs, -EINTR);
	tracee_no_restart(&regs);
	t->regs = regs;
	err = tracee_write_regs(t, &regs);
	return err ? err : tracee_swap_mask(t, held->mask, &mask);
}

struct attach_vcpu *attach_claim_held(struct attach *a, const struct held_vcpu *held)
{
	struct attach_vcpu *v = NULL;
	struct tracee t;

	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (a->vcpu[i].nr == held->nr && a->vcpu[i].place == ATTACH_GONE)
			v = &a->vcpu[i];
	if (!v || tracee_seize(&t, a->vm.pid, held->tid, a->memory, a->hand.filtered ? PTRACE_O_SUSPEND_SECCOMP : 0))
		return NULL;
	if (!is_woken(&t) || put_behind(&t, held))
		return NULL;
	v->fd = held->fd;
	return claimed(v, &t);
}
