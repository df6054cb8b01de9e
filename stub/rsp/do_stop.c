/* SPDX-License-Identifier: BSD-2-Clause */
/* Why threads stand: `?`; and non-stop, where each stands by itself: QNonStop, vStopped after a notification, vCtrlC. */
#include <errno.h>

#include "handlers.h"
#include "stop_reply.h"

/* In non-stop, of those threads that stand and were not told of. */
static int reply_next(struct session *s)
{
	s->told = TOLD_NOTHING;
	if (!s->target.ops->next_stop(s->target.t, &s->stop))
		return session_ok(s);
	s->told = TOLD_ONE;
	s->has_stop = true;
	reply_stop(s);
	return ANSWERED;
}

/*
 * Non-stop: one thread of those that stand is the answer. A client would take the others one by one, right away, but gdb aborts on
 * a second one before it has dealt with the first (13: the first assertion of remote_target::wait, 16 and 18: that of
 * mark_async_event_handler; both in remote.c). So they are notifications, which wait for the client's next question.
 */
int do_stop_reason(struct session *s, const struct args *args)
{
	int result;

	(void)args;
	if (session_is_alone(s->state)) {
		reply_text(&s->out, s->chose_non_stop ? "OK" : "W00");
		return ANSWERED;
	}
	if (s->state != SESSION_NON_STOP) {
		reply_stop(s);
		return ANSWERED;
	}
	s->target.ops->report_again(s->target.t);
	result = reply_next(s);
	if (s->told == TOLD_ONE)
		s->told = TOLD_ANSWER;
	return result;
}

int do_next_stop(struct session *s, const struct args *args)
{
	(void)args;
	if (session_is_alone(s->state) && s->chose_non_stop)
		return session_ok(s);
	if (s->state != SESSION_NON_STOP)
		return NOT_SERVED;
	if (s->told != TOLD_ANSWER)
		return reply_next(s);
	s->told = TOLD_TO_WAIT;
	return session_ok(s);
}

int do_non_stop(struct session *s, const struct args *args)
{
	bool on = args->n[0] == 1;
	int error;

	if (args->n[0] > 1)
		return session_refuse(s, EINVAL, "QNonStop is 0 or 1");
	error = session_is_alone(s->state) ? 0 : s->target.ops->set_non_stop(s->target.t, on);
	if (error)
		return error;
	s->chose_non_stop = on;
	if (session_is_alone(s->state))
		return session_ok(s);
	s->told = TOLD_NOTHING;
	s->interrupt_due = false;
	if (on)
		s->state = SESSION_NON_STOP;
	else if (s->state != SESSION_AWAY)
		s->state = SESSION_STOPPED;
	return session_ok(s);
}

/* In all-stop it is a byte outside packets that interrupts. */
int do_interrupt(struct session *s, const struct args *args)
{
	(void)args;
	if (s->state != SESSION_NON_STOP)
		return NOT_SERVED;
	s->target.ops->interrupt(s->target.t);
	return session_ok(s);
}
