/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads of ours: each looks whether a thread of the VMM's runs a vCPU, and is its tracer then. See attach_vcpu.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attach_vcpu.h"
#include "held.h"

#define LOOK_ALL_NS 1000000000 /* a VMM's threads are looked for so long, if they are busy with something else; */
#define LOOKS_ALL 10	       /* each so many looks, also among those that do not look like it */
#define LOOK_NS 2000000
#define LATER_NS 300000000 /* one that was made later is in KVM_RUN by then, or nobody runs it */
#define HAND_NS 3000000000 /* a thread that waits for something else is stopped within so long */

/* A thread of ours, and what has come of it. */
struct scout {
	struct attach *a;
	pid_t tid;
	const struct held_vcpu *held; /* its thread waits for it, or NULL */
	enum attach_look look;
	const struct refusal *why;
	int err;
	pthread_t thread;
	struct attach_vcpu *found; /* under attach.lock, as over */
	bool over;		   /* it has found one, or that there is none; or it stays */
	struct scout *next;
};

/* --- a tracer */

static void run_body(struct attach_vcpu *v)
{
	void *(*body)(void *);

	pthread_mutex_lock(&v->host->lock);
	while (v->task == ATTACH_WAITS)
		pthread_cond_wait(&v->host->turn, &v->host->lock);
	body = v->task == ATTACH_RUNS ? v->body : NULL;
	pthread_mutex_unlock(&v->host->lock);
	if (body)
		body(v->arg);
}

/* What is left of the hand in the VMM is taken along, by one of them, and where a filter is suspended by whoever has made it. */
static void leave(struct attach_vcpu *v)
{
	struct attach *a = v->host;
	bool clears;

	pthread_mutex_lock(&a->lock);
	clears = v->place == ATTACH_BEHIND && a->hand.code && !a->clearing && (!a->hand.filtered || a->opener == v);
	a->clearing |= clears;
	pthread_mutex_unlock(&a->lock);
	if (clears)
		hand_clear(&a->hand, &v->tracee);
	attach_let_go(v);
}

static void is_found(struct scout *s, struct attach_vcpu *v)
{
	struct attach *a = s->a;

	if (v) {
		atomic_store(&a->guard.table->vcpu[v->nr].tid, v->tracee.tid);
		attach_own(v);
	}
	pthread_mutex_lock(&a->lock);
	if (v) {
		v->thread = pthread_self();
		v->task = v->body ? ATTACH_RUNS : ATTACH_WAITS;
		v->has_thread = true;
		a->left--;
	}
	s->found = v;
	s->over = true;
	pthread_cond_broadcast(&a->turn);
	pthread_mutex_unlock(&a->lock);
}

static void *tracer_main(void *arg)
{
	struct scout *s = arg;
	struct attach *a = s->a;
	struct attach_vcpu *v = s->held ? attach_claim_held(a, s->held) : attach_claim(a, s->tid, s->look);

	if (v && a->hand.socket < 0 && s->look != LOOK_STAY) {
		a->opener = v;
		s->err = hand_open(&a->hand, &v->tracee, a->pidfd, s->why);
	}
	is_found(s, v);
	if (!v)
		return NULL;
	run_body(v);
	leave(v);
	return NULL;
}

/* --- all of them */

static struct scout *send_out(
	struct attach *a, pid_t tid, const struct held_vcpu *held, enum attach_look look, const struct refusal *why)
{
	struct scout *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct scout){ .a = a, .tid = tid, .held = held, .look = look, .why = why, .next = a->scouts };
	if (pthread_create(&s->thread, NULL, tracer_main, s)) {
		free(s);
		return NULL;
	}
	a->scouts = s;
	return s;
}

/* 0, or -errno of what it took upon itself besides. */
static int try_thread(
	struct attach *a, pid_t tid, const struct held_vcpu *held, enum attach_look look, const struct refusal *why)
{
	struct scout *s = send_out(a, tid, held, look, why);

	if (!s)
		return refuse(why, -EAGAIN, "cannot start a thread");
	pthread_mutex_lock(&a->lock);
	while (!s->over)
		pthread_cond_wait(&a->turn, &a->lock);
	pthread_mutex_unlock(&a->lock);
	if (s->found)
		return s->err;
	pthread_join(s->thread, NULL);
	a->scouts = s->next;
	free(s);
	return 0;
}

/* It runs, or is in KVM_RUN: who waits for something else comes last, and is left alone where that will do. */
static bool may_run(const struct attach *a, pid_t tid)
{
	uint64_t arg[6];
	long nr = -1;

	return proc_thread_call(a->vm.pid, tid, &nr, arg) || nr < 0 || attach_is_run(nr, arg[1]);
}

/* The thread that the hand is, or 0: while somebody makes it, nobody knows. */
static pid_t hand_of(struct attach *a)
{
	pid_t tid;

	pthread_mutex_lock(&a->making);
	tid = a->hand.socket >= 0 ? a->hand.tid : 0;
	pthread_mutex_unlock(&a->making);
	return tid;
}

static bool is_claimed(struct attach *a, pid_t tid)
{
	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (atomic_load(&a->guard.table->vcpu[i].tid) == tid)
			return true;
	return tid == hand_of(a);
}

static int look_at(struct attach *a, enum attach_look look, const struct refusal *why)
{
	struct proc_threads threads;
	struct proc_thread thread;
	int err = proc_threads_open(&threads, a->vm.pid);

	if (err)
		return refuse(why, err, "the threads of process %d: %s", a->vm.pid, strerror(-err));
	while (!err && a->left && !attach_gives_up(a) && proc_threads_next(&threads, &thread)) {
		if (is_claimed(a, thread.tid) || proc_is_worker(a->vm.pid, thread.tid) ||
			(look == LOOK_LIKELY && !may_run(a, thread.tid)))
			continue;
		if (look != LOOK_STAY)
			err = try_thread(a, thread.tid, NULL, look, why);
		else if (!send_out(a, thread.tid, NULL, look, why))
			err = refuse(why, -EAGAIN, "cannot start a thread");
	}
	proc_threads_close(&threads);
	return err;
}

/* Those that are left are run by nobody now. Whoever is stopped first makes the hand, where no vCPU's thread could. */
static int stay(struct attach *a, const struct refusal *why)
{
	int64_t until = tracee_now() + HAND_NS;
	int err;

	if (a->hand.filtered)
		return refuse(why, -EBUSY,
			"process %d: %u of its vCPUs are not run by any thread now, and a seccomp filter is on it: "
			"a VM under one that is paused cannot be attached to",
			a->vm.pid, a->left);
	err = look_at(a, LOOK_STAY, why);
	while (!err && !hand_of(a) && tracee_now() < until)
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
	if (!err && !hand_of(a))
		err = refuse(why, -EBUSY, "process %d: no thread of it could be brought to make one of ours", a->vm.pid);
	a->host.threadless = true;
	return err;
}

static int take_held(struct attach *a, const struct held *held, const struct refusal *why)
{
	int err = 0;

	for (unsigned i = 0; !err && held && i < held->n; i++) {
		unsigned left = a->left;

		err = try_thread(a, held->vcpu[i].tid, &held->vcpu[i], LOOK_ALL, why);
		if (!err && a->left == left)
			err = refuse(why, -EIO,
				"process %d: the thread of vCPU %u, which waits before its first KVM_RUN, cannot be taken",
				a->vm.pid, held->vcpu[i].nr);
	}
	return err;
}

/* Who serves an exit, and sleeps in that, is back soon. */
int attach_start_tracers(struct attach *a, const struct held *held, const struct refusal *why)
{
	int64_t until = tracee_now() + LOOK_ALL_NS;
	int err;

	a->left = a->host.vcpus;
	err = take_held(a, held, why);
	for (unsigned i = 1; !err && a->left && tracee_now() < until && !attach_gives_up(a); i++) {
		err = look_at(a, i % LOOKS_ALL ? LOOK_LIKELY : LOOK_ALL, why);
		if (a->left)
			nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
	}
	if (!err && a->left && attach_gives_up(a))
		err = refuse(why, -EINTR, "process %d is not attached to: a signal came while its threads were waited for",
			a->vm.pid);
	return err || !a->left ? err : stay(a, why);
}

int attach_find_thread(struct attach *a, const struct refusal *why)
{
	int64_t until = tracee_now() + LATER_NS;
	int err = look_at(a, LOOK_LIKELY, why);

	while (!err && a->left && tracee_now() < until) {
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
		err = look_at(a, LOOK_LIKELY, why);
	}
	return err || !a->left ? err
			       : refuse(why, -EAGAIN,
					 "process %d has made a vCPU, and no thread was found to run it: it is not debugged",
					 a->vm.pid);
}

void attach_end_tracers(struct attach *a)
{
	pthread_mutex_lock(&a->lock);
	a->ending = true;
	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (a->vcpu[i].task == ATTACH_WAITS)
			a->vcpu[i].task = ATTACH_LEAVES;
	pthread_cond_broadcast(&a->turn);
	pthread_mutex_unlock(&a->lock);
	while (a->scouts) {
		struct scout *s = a->scouts;

		pthread_join(s->thread, NULL);
		a->scouts = s->next;
		free(s);
	}
}

int attach_start(struct host *h, unsigned vcpu, void *(*body)(void *), void *arg)
{
	struct attach *a = (struct attach *)h;
	struct attach_vcpu *v;
	int err = 0;

	if (vcpu >= h->vcpus)
		return -EINVAL;
	v = &a->vcpu[vcpu];
	pthread_mutex_lock(&a->lock);
	if (v->task == ATTACH_RUNS) {
		err = -EALREADY;
	} else {
		v->body = body;
		v->arg = arg;
		if (v->task == ATTACH_WAITS && body)
			v->task = ATTACH_RUNS;
	}
	pthread_cond_broadcast(&a->turn);
	pthread_mutex_unlock(&a->lock);
	return err;
}
