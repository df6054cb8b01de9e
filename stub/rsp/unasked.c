/* SPDX-License-Identifier: BSD-2-Clause */
/* See unasked.h. */
#include "stop_reply.h"
#include "unasked.h"

/* One of a list that has ended is attached to no more: its process is gone, and nothing starts it over. */
static void leave_ended(struct session *s)
{
	if (s->list && s->stop.kind == STOP_EXITED)
		session_attach(s, NULL);
}

void session_print(struct session *s, const char *text)
{
	if (s->state != SESSION_RUNNING)
		return;
	console_open(s);
	console_print(s, text);
	console_close(s);
}

void session_event(struct session *s)
{
	if (s->state != SESSION_NON_STOP || s->told != TOLD_NOTHING || !s->target.ops->next_stop(s->target.t, &s->stop))
		return;
	s->has_stop = true;
	s->told = TOLD_ONE;
	reply_start_notification(&s->out);
	reply_text(&s->out, "Stop:");
	reply_stop(s);
	session_send(s);
	s->sent = 0;
	leave_ended(s);
}

/* Another stop than that of a Ctrl-C does not answer it: the client may go on from there without showing it. */
static bool answers_interrupt(const struct stop *stop)
{
	return stop->kind == STOP_EXITED || (stop->kind == STOP_SIGNAL && stop->signal == GDB_SIGNAL_INT);
}

void session_stopped(struct session *s, const struct stop *stop)
{
	s->stop = *stop;
	s->stop.text = NULL;
	s->has_stop = true;
	if (stop->thread)
		s->general = stop->thread;
	if (s->state != SESSION_RUNNING)
		return;
	s->state = SESSION_STOPPED;
	if (answers_interrupt(stop))
		s->interrupt_due = false;
	if (stop->text) {
		console_open(s);
		console_print(s, stop->text);
		console_print(s, "\n");
		console_close(s);
	}
	reply_start(&s->out);
	reply_stop(s);
	session_send(s);
	leave_ended(s);
}
