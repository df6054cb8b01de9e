/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread of ours that traces the VMM from exec() on until its vCPUs are held. See launch.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "launch_parts.h"

#define FOLLOWS (PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK)

/* --- who is traced */

static struct launch_thread *find(struct launch *l, pid_t tid)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->threads[i]->tracee.tid == tid)
			return l->threads[i];
	return NULL;
}

static bool make_room(struct launch *l)
{
	unsigned room = l->n < l->room ? l->room : 2 * l->room + 16;
	void *threads = room == l->room ? l->threads : reallocarray(l->threads, room, sizeof(*l->threads));

	if (!threads)
		return false;
	l->threads = threads;
	l->room = room;
	return true;
}

static struct launch_thread *add(struct launch *l, pid_t tid)
{
	struct launch_thread *t = make_room(l) ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return NULL;
	t->tracee = (struct tracee){ .tid = tid, .memory = -1, .options = FOLLOWS };
	l->threads[l->n++] = t;
	return t;
}

static void drop(struct launch *l, struct launch_thread *t)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->threads[i] == t)
			l->threads[i] = l->threads[--l->n];
	free(t);
}

int launch_follow(struct launch *l, pid_t tid)
{
	struct launch_thread *t = add(l, tid);

	return t ? tracee_seize(&t->tracee, tid, tid, -1, FOLLOWS) : -ENOMEM;
}

/* --- its stops */

static void has_ended(struct launch *l, struct launch_thread *t)
{
	if (t->tracee.tid == l->root)
		l->status = t->tracee.killer ? 128 + t->tracee.killer : t->tracee.code;
	drop(l, t);
}

/* The first one is that of the program that was asked for. */
static void has_executed(struct launch *l, struct launch_thread *t)
{
	enum launch_stage starts = LAUNCH_STARTS;

	t->makes_vcpu = false;
	t->seen = (struct seen_call){ 0 };
	seen_forget(&l->seen, t->tracee.tid);
	if (t->tracee.tid != l->root)
		return;
	atomic_store(&l->is_executed, true);
	atomic_compare_exchange_strong(&l->stage, &starts, LAUNCH_RUNS);
}

/* A thread that has ended while it was stopped is heard of by its end. */
static void take_stop(struct launch *l, struct launch_thread *t)
{
	struct tracee_syscall info = { 0 };
	enum tracee_stop stop = tracee_wait(&t->tracee, 0, &info);

	l->stopped = tracee_now();
	switch (stop) {
	case TRACEE_GONE:
		has_ended(l, t);
		return;
	case TRACEE_GROUP:
		tracee_listen(&t->tracee);
		return;
	case TRACEE_EXEC:
		has_executed(l, t);
		break;
	case TRACEE_ENTRY:
		launch_at_entry(l, t, &info.call);
		break;
	case TRACEE_EXIT:
		launch_at_exit(l, t, info.result);
		break;
	default:
		break;
	}
	if (!t->is_held)
		tracee_go(&t->tracee, TRACEE_SYSCALL);
}

/* False: nobody is left; our guardian is none of them. */
static bool take_next(struct launch *l)
{
	pid_t tid = tracee_next();
	struct launch_thread *t = tid > 0 ? find(l, tid) : NULL;

	if (tid > 0 && !t)
		t = add(l, tid);
	if (t)
		take_stop(l, t);
	if (l->held.n && !l->n)
		return false;
	return tid >= 0 || tid == -EINTR;
}

void *launch_trace(void *launch)
{
	struct launch *l = launch;
	bool done = false, left = true;

	l->error = launch_fork(l);
	done = l->error;
	while (left && !done) {
		left = take_next(l);
		done = atomic_load(&l->gives_up) || launch_is_complete(l);
	}
	launch_part(l);
	while (l->n)
		drop(l, l->threads[0]);
	free(l->threads);
	l->threads = NULL;
	atomic_store(&l->stage, !left ? LAUNCH_ENDED : LAUNCH_HELD);
	return NULL;
}
