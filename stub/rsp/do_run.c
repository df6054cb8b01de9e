/* SPDX-License-Identifier: BSD-2-Clause */
/* Running and leaving: vCont c s r t C S, R D k vKill. Signals that a client wants to deliver are dropped: a vCPU takes none. */
#include <errno.h>
#include <string.h>

#include "handlers.h"
#include "refusal.h"
#include "stop_reply.h"

/* What the session may be asked while the machine runs has to be known by then: how many threads there are, and which is meant. */
static int resume(struct session *s)
{
	int error;

	session_general(s);
	error = s->target.ops->resume(s->target.t, s->actions);
	if (error)
		return error;
	if (s->state == SESSION_NON_STOP)
		return session_ok(s);
	s->state = SESSION_RUNNING;
	if (s->interrupt_due)
		s->target.ops->interrupt(s->target.t);
	return NO_ANSWER;
}

/* Every thread stays, until told otherwise. */
static int prepare(struct session *s)
{
	unsigned n = session_threads(s);

	if (n > SESSION_THREADS)
		return session_refuse(s, E2BIG, "%u threads are more than can be resumed", n);
	s->threads = n;
	for (unsigned i = 0; i < n; i++)
		s->actions[i] = (struct resume_action){ .kind = RESUME_STAY };
	return 0;
}

/* The first action that names a thread is the one that counts. */
static void assign(struct session *s, unsigned thread, const struct resume_action *action)
{
	if (s->actions[thread - 1].kind == RESUME_STAY)
		s->actions[thread - 1] = *action;
}

static void assign_rest(struct session *s, const struct resume_action *action)
{
	for (unsigned thread = 1; thread <= s->threads; thread++)
		if (session_has_thread(s, thread))
			assign(s, thread, action);
}

static void parse_range(struct cursor *text, struct resume_action *action)
{
	action->start = cursor_number(text);
	cursor_expect(text, ',');
	action->end = cursor_number(text);
	if (action->end < action->start)
		cursor_fail(text, "a range that ends before it begins");
}

static const struct {
	char letter;
	enum resume_kind kind;
	bool has_signal, has_range, non_stop;
} actions[] = {
	{ 'C', RESUME_CONTINUE, true, false, false },
	{ 'S', RESUME_STEP, true, false, false },
	{ 'c', RESUME_CONTINUE, false, false, false },
	{ 'r', RESUME_STEP, false, true, false },
	{ 's', RESUME_STEP, false, false, false },
	{ 't', RESUME_HALT, false, false, true },
};

static struct resume_action parse_action(struct session *s, struct cursor *text)
{
	struct resume_action action = { .kind = RESUME_STAY };
	char letter = cursor_next(text);

	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (letter != actions[i].letter || (actions[i].non_stop && s->state != SESSION_NON_STOP))
			continue;
		action.kind = actions[i].kind;
		if (actions[i].has_signal)
			cursor_number(text);
		if (actions[i].has_range)
			parse_range(text, &action);
		return action;
	}
	cursor_fail(text, "an action is none of c, C, s, S and r, or t in non-stop");
	return action;
}

static struct thread_id parse_whom(struct session *s, struct cursor *text)
{
	struct thread_id all = { .process = ID_ANY, .thread = ID_ALL };

	if (cursor_peek(text) != ':')
		return all;
	cursor_next(text);
	return cursor_thread(text, s->features & FEATURE_MULTIPROCESS);
}

/* ";s:1" and the like. */
static int take_action(struct session *s, struct cursor *text)
{
	struct resume_action action;
	struct thread_id id;
	unsigned thread;
	int error;

	cursor_expect(text, ';');
	action = parse_action(s, text);
	id = parse_whom(s, text);
	if (text->bad)
		return session_refuse_malformed(s, text->bad);
	error = session_find_thread(s, &id, &thread);
	if (error)
		return error;
	if (id.thread == ID_ALL)
		assign_rest(s, &action);
	else
		assign(s, thread ? thread : session_general(s), &action);
	return 0;
}

int do_resume(struct session *s, const struct args *args)
{
	struct cursor text = args->rest;
	int error = prepare(s);

	if (!error)
		do
			error = take_action(s, &text);
		while (!error && cursor_left(&text));
	return error ? error : resume(s);
}

int do_resume_actions(struct session *s, const struct args *args)
{
	(void)args;
	reply_text(&s->out, "vCont;c;C;s;S;t;r");
	return ANSWERED;
}

/* From before vCont: Hc named the one thread to resume. When it did not, the general thread does this and the rest go on. */
static int resume_old_way(struct session *s, const struct args *args, enum resume_kind kind)
{
	const struct resume_action action = { .kind = kind }, rest = { .kind = RESUME_CONTINUE };
	int error = prepare(s);

	if (error)
		return error;
	if (cursor_left(&args->rest))
		return session_refuse(s, EOPNOTSUPP, "resuming at another address is not supported, set the pc first");
	if (s->resuming && !session_has_thread(s, s->resuming))
		return session_refuse(s, ESRCH, "there is no thread %u any more", s->resuming);
	assign(s, s->resuming ? s->resuming : session_general(s), &action);
	if (!s->resuming)
		assign_rest(s, &rest);
	return resume(s);
}

int do_continue(struct session *s, const struct args *args)
{
	return resume_old_way(s, args, RESUME_CONTINUE);
}

int do_step(struct session *s, const struct args *args)
{
	return resume_old_way(s, args, RESUME_STEP);
}

int do_extended(struct session *s, const struct args *args)
{
	(void)args;
	s->extended = true;
	return session_ok(s);
}

/* A client that was away is so no more: the machine stands. */
static void come_back(struct session *s)
{
	if (s->state == SESSION_AWAY)
		s->state = SESSION_STOPPED;
}

/* R is never answered, not even when it fails: the client asks `?` next, and an error now would be taken for that answer. */
int do_restart(struct session *s, const struct args *args)
{
	(void)args;
	if (!s->extended)
		return NOT_SERVED;
	if (s->target.ops->restart(s->target.t)) {
		s->target.ops->refused(s->target.t, s->target.ops->why(s->target.t), false);
		return NO_ANSWER;
	}
	come_back(s);
	s->has_stop = s->interrupt_due = false;
	s->general = 0;
	return NO_ANSWER;
}

static int leave(struct session *s, uint64_t process, enum session_state state)
{
	if (process && process != s->target.process)
		return session_refuse_process(s, process);
	if (state == SESSION_ALONE)
		session_attach(s, NULL);
	s->interrupt_due = false;
	s->state = state;
	return session_ok(s);
}

/* Under `target extended-remote` it is the guest that is left, not the connection: `attach` or `run` may follow. */
static enum session_state state_after(const struct session *s)
{
	if (s->extended && s->list)
		return SESSION_ALONE;
	return s->extended && session_stands(s->state) ? SESSION_AWAY : SESSION_DETACHED;
}

int do_detach(struct session *s, const struct args *args)
{
	return leave(s, args->n[0], state_after(s));
}

/* lldb's: the guest stays as it is, and the connection ends whatever else it is. */
int do_detach_stopped(struct session *s, const struct args *args)
{
	if (s->target.foreign)
		return session_refuse(s, EOPNOTSUPP, "a VM that is not ours goes on when it is left: `detach` leaves it");
	return leave(s, args->n[0], SESSION_DETACHED_STOPPED);
}

/* One at a time. A VM that has ended is left by this. */
static int choose(struct session *s, uint64_t process)
{
	if (!session_is_alone(s->state) && session_threads(s))
		return session_refuse(s, EBUSY, "process %u is attached to: `detach` leaves it", s->target.process);
	session_attach(s, NULL);
	s->wanted = process;
	s->state = SESSION_ATTACHING;
	return NO_ANSWER;
}

/* The stop reply is the answer: what the client says from afar has stopped the machine already. */
int do_attach(struct session *s, const struct args *args)
{
	if (s->list)
		return choose(s, args->n[0]);
	if (session_is_alone(s->state))
		return session_refuse_ended(s);
	if (!s->extended)
		return NOT_SERVED;
	if (args->n[0] != s->target.process)
		return session_refuse(
			s, ESRCH, "there is no process %llu: the guest is process 1", (unsigned long long)args->n[0]);
	if (s->state != SESSION_AWAY)
		return session_refuse(s, EBUSY, "the guest is attached to already");
	come_back(s);
	s->general = 0;
	reply_stop(s);
	return ANSWERED;
}

/* Under `target extended-remote` the connection outlives the guest: `run` kills what runs, and restarts. */
static bool outlives_guest(struct session *s)
{
	if (!s->extended || s->target.launched || s->state == SESSION_RUNNING)
		return false;
	s->target.ops->kill(s->target.t);
	s->stop = (struct stop){ .kind = STOP_EXITED, .signal = GDB_SIGNAL_KILL };
	s->has_stop = true;
	s->told = TOLD_NOTHING;
	come_back(s);
	return true;
}

int do_kill_process(struct session *s, const struct args *args)
{
	if (args->n[0] != s->target.process)
		return session_refuse_process(s, args->n[0]);
	if (s->target.foreign)
		return session_refuse(s, EPERM, "this VM is not ours to end: `detach` and `quit` leave it");
	return outlives_guest(s) ? session_ok(s) : leave(s, args->n[0], SESSION_KILLED);
}

/* There may be no VMM to start here, and no image to load again. An empty answer has gdb go on as if R had been understood. */
int do_run_program(struct session *s, const struct args *args)
{
	(void)args;
	if (!s->list)
		return NOT_SERVED;
	return session_refuse(
		s, EOPNOTSUPP, "no VM is started from here: `info os vms` lists those that run, `attach PID` attaches to one");
}

/* It is left instead. */
static int kill_foreign(struct session *s)
{
	leave(s, 0, state_after(s));
	reply_start(&s->out);
	if (!session_is_over(s->state))
		return NO_ANSWER;
	reply_text(&s->out, "X09");
	return ANSWERED;
}

/*
 * gdb waits for no answer, and takes one that comes while the connection lasts for the answer to its next packet. lldb waits, and takes
 * anything but an exit for a failure.
 */
int do_kill(struct session *s, const struct args *args)
{
	(void)args;
	if (s->target.foreign)
		return kill_foreign(s);
	if (outlives_guest(s))
		return NO_ANSWER;
	s->state = SESSION_KILLED;
	reply_text(&s->out, "X09");
	return ANSWERED;
}
