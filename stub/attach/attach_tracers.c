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
#define LATER_NS 300000000  /* one that was made later is in KVM_RUN by then, and */
#define LATER_LOOKS 5	    /* ... found within so many looks, however busy its computer is, or nobody runs it */
#define HAND_NS 3000000000  /* a thread that waits for something else is stopped within so long */
#define NUDGE_NS 20000000   /* so often whoever looks is to look up */
#define STOP_NS 10000000000 /* a vCPU's thread stops within so long, unless something is wrong */

/* A thread of ours, and what has come of it. */
struct scout {
	struct attach *a;
	pid_t tid;
	const struct held_vcpu *held; /* its thread waits for it, or NULL */
	struct attach_vcpu *again;    /* it was found before, or NULL */
	enum attach_look look;
	const struct refusal *why;
	int err;
	pthread_t thread;
	bool stays; /* it has one. Under attach.lock, as over */
	bool over;  /* it has found one, or that there is none */
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

/* Under attach.lock. */
static bool others_have_left(const struct attach_vcpu *v)
{
	const struct attach *a = v->host;

	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (&a->vcpu[i] != v && a->vcpu[i].has_thread && a->vcpu[i].task != ATTACH_LEFT)
			return false;
	return true;
}

/*
 * What is left of the hand in the VMM is taken along, by one of them, and where a filter is suspended by whoever has made it. That one has to be there
 * for as long as the hand is, wherever its own thread of the VMM's has got to.
 */
static void leave(struct attach_vcpu *v)
{
	struct attach *a = v->host;
	bool suspends = a->hand.filtered && a->opener == v, clears;

	pthread_mutex_lock(&a->lock);
	clears = v->place == ATTACH_BEHIND && a->hand.code && !a->clearing && (!a->hand.filtered || suspends);
	a->clearing |= clears;
	/* Last: others may lie in the hand's loop, and would be there without it should we be killed. */
	while (((clears || suspends) && !others_have_left(v)) || (suspends && !a->ending))
		pthread_cond_wait(&a->turn, &a->lock);
	pthread_mutex_unlock(&a->lock);
	if (clears)
		hand_clear(&a->hand, &v->tracee);
	else if (suspends)
		hand_await_end(&a->hand);
	attach_let_go(v);
	pthread_mutex_lock(&a->lock);
	v->task = ATTACH_LEFT;
	pthread_cond_broadcast(&a->turn);
	pthread_mutex_unlock(&a->lock);
}

/* It has stopped: this thread is its tracer from here on. */
static void rests(struct attach_vcpu *v)
{
	struct attach *a = v->host;

	attach_own(v);
	pthread_mutex_lock(&a->lock);
	v->thread = pthread_self();
	v->has_thread = true;
	v->task = a->ending ? ATTACH_LEAVES : v->body ? ATTACH_RUNS : ATTACH_WAITS;
	pthread_cond_broadcast(&a->turn);
	pthread_mutex_unlock(&a->lock);
}

/* Who is found before others does not stand until those are: its thread goes on as if nobody were there, and is stopped once more with theirs. */
static bool roams(struct scout *s, struct attach_vcpu *v)
{
	struct attach *a = s->a;
	bool does;

	pthread_mutex_lock(&a->lock);
	does = --a->left && !s->held && s->look != LOOK_STAY;
	if (does)
		v->task = ATTACH_ROAMS;
	pthread_mutex_unlock(&a->lock);
	return does;
}

static void is_over(struct scout *s, bool stays)
{
	pthread_mutex_lock(&s->a->lock);
	s->stays = stays;
	s->over = true;
	pthread_cond_broadcast(&s->a->turn);
	pthread_mutex_unlock(&s->a->lock);
}

/* Whoever comes first makes it. */
static int make_hand(struct scout *s, struct attach_vcpu *v)
{
	struct attach *a = s->a;
	int err = 0;

	if (pthread_mutex_trylock(&a->making))
		return 0;
	if (a->hand.socket < 0) {
		a->opener = v;
		err = hand_open(&a->hand, &v->tracee, a->pidfd, s->why);
	}
	pthread_mutex_unlock(&a->making);
	return err;
}

static struct attach_vcpu *find(struct scout *s)
{
	struct attach *a = s->a;
	struct attach_vcpu *v = s->held ? attach_claim_held(a, s->held) : attach_claim(a, s->tid, s->look);

	if (!v)
		return NULL;
	atomic_store(&a->guard.table->vcpu[v->nr].tid, v->tracee.tid);
	if (s->look != LOOK_STAY)
		s->err = make_hand(s, v);
	if (!roams(s, v))
		return v;
	attach_let_go(v);
	return NULL;
}

/* However busy its computer is, and for as long as somebody wants it. */
static enum tracee_stop first_stop(struct attach_vcpu *v)
{
	int64_t until = tracee_now() + STOP_NS;
	enum tracee_stop stop;

	tracee_interrupt(&v->tracee);
	do {
		stop = tracee_wait(&v->tracee, TRACEE_NUDGED, NULL);
	} while (stop == TRACEE_LATE && tracee_now() < until && !attach_gives_up(v->host));
	return stop;
}

/* It was found, and goes on. Where a filter is suspended for the hand, that is its maker's to see to. 0, or -errno and a sentence. */
static int take(struct attach_vcpu *v, const struct refusal *why)
{
	struct attach *a = v->host;
	struct tracee t = v->tracee;
	enum tracee_stop stop;
	int err;

	v->leaves = false;
	v->place = ATTACH_GONE;
	if (a->hand.filtered && a->opener == v && tracee_seize_from(&a->hand.tracee))
		return refuse(why, -EBUSY, "process %d: the filter cannot be suspended for what was made in it", t.pid);
	/* Who has found it has ended, and may be its tracer for a moment still. */
	err = tracee_seize_from(&v->tracee);
	if (err && !proc_is_alive(t.pid, t.tid))
		return 0;
	if (err)
		return refuse(
			why, err, "process %d: the thread of vCPU %u cannot be stopped: %s", t.pid, v->nr, strerror(-err));
	stop = first_stop(v);
	if (stop == TRACEE_LATE)
		return refuse(why, -EBUSY, "process %d: the thread of vCPU %u does not stop", t.pid, v->nr);
	attach_catch(v, stop);
	return 0;
}

static void *tracer_main(void *arg)
{
	struct scout *s = arg;
	struct attach_vcpu *v = s->again ? s->again : find(s);

	if (s->again)
		s->err = take(v, s->why);
	if (v)
		rests(v);
	is_over(s, v);
	if (!v)
		return NULL;
	run_body(v);
	leave(v);
	return NULL;
}

/* --- all of them */

static struct scout *send_out(struct attach *a, const struct scout *what)
{
	struct scout *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = *what;
	s->a = a;
	s->next = a->scouts;
	if (pthread_create(&s->thread, NULL, tracer_main, s)) {
		free(s);
		return NULL;
	}
	a->scouts = s;
	return s;
}

/* Waits until those that were sent out since `last` are, and has them look up meanwhile. */
static void await_all(struct attach *a, const struct scout *last)
{
	pthread_mutex_lock(&a->lock);
	for (struct scout *s = a->scouts; s != last;) {
		struct timespec until;

		if (s->over) {
			s = s->next;
			continue;
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += NUDGE_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&a->turn, &a->lock, &until);
		for (struct scout *each = s; each != last; each = each->next)
			if (!each->over)
				pthread_kill(each->thread, ATTACH_SIGNAL);
	}
	pthread_mutex_unlock(&a->lock);
}

/* Forgets those of them that have found nothing. 0, or -errno of what one took upon itself besides. */
static int take_in(struct attach *a, const struct scout *last)
{
	struct scout **at = &a->scouts;
	int err = 0;

	await_all(a, last);
	while (*at != last) {
		struct scout *s = *at;

		err = err ? err : s->err;
		if (s->stays) {
			at = &s->next;
			continue;
		}
		pthread_join(s->thread, NULL);
		*at = s->next;
		free(s);
	}
	return err;
}

/* 0, or -errno and a sentence. */
static int try(struct attach *a, const struct scout *what)
{
	const struct scout *last = a->scouts;

	return send_out(a, what) ? take_in(a, last) : refuse(what->why, -EAGAIN, "cannot start a thread");
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

/*
 * Who does not look like it may not come to KVM_RUN for long: those are tried all at once. The others one after another, since of several that are
 * interrupted in KVM_RUN at once it cannot be told everywhere which is which.
 */
static int look_at(struct attach *a, enum attach_look look, const struct refusal *why)
{
	const struct scout *last = a->scouts;
	struct scout what = { .look = look, .why = why };
	struct proc_threads threads;
	struct proc_thread thread;
	int err = proc_threads_open(&threads, a->vm.pid);

	if (err)
		return refuse(why, err, "the threads of process %d: %s", a->vm.pid, strerror(-err));
	while (!err && a->left && !attach_gives_up(a) && proc_threads_next(&threads, &thread)) {
		if (is_claimed(a, thread.tid) || proc_is_worker(a->vm.pid, thread.tid) ||
			(look == LOOK_LIKELY && !may_run(a, thread.tid)))
			continue;
		what.tid = thread.tid;
		if (look == LOOK_LIKELY)
			err = try(a, &what);
		else if (!send_out(a, &what))
			err = refuse(why, -EAGAIN, "cannot start a thread");
	}
	proc_threads_close(&threads);
	if (look == LOOK_ALL) {
		int failed = take_in(a, last);

		err = err ? err : failed;
	}
	return err;
}

/* Those that were found are stopped, all at once: from here on the VM stands. 0, or -errno and a sentence. */
static int gather(struct attach *a, const struct refusal *why)
{
	const struct scout *last = a->scouts;
	int err = 0, failed;

	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (a->vcpu[i].task == ATTACH_ROAMS && !send_out(a, &(struct scout){ .again = &a->vcpu[i], .why = why }))
			err = refuse(why, -EAGAIN, "cannot start a thread");
	failed = take_in(a, last);
	return err ? err : failed;
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

		err = try(a, &(struct scout){ .tid = held->vcpu[i].tid, .held = &held->vcpu[i], .look = LOOK_ALL, .why = why });
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
	int err, gathered;

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
	gathered = gather(a, why);
	err = err ? err : gathered;
	return err || !a->left ? err : stay(a, why);
}

int attach_find_thread(struct attach *a, const struct refusal *why)
{
	int64_t until = tracee_now() + LATER_NS;
	int err = look_at(a, LOOK_LIKELY, why);

	for (unsigned looks = 1; !err && a->left && (looks < LATER_LOOKS || tracee_now() < until); looks++) {
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
	if (v->task == ATTACH_RUNS || v->task == ATTACH_LEFT) {
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
