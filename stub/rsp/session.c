/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a connection and of its attachment, and what handlers do with it. See session.h. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "absent.h"
#include "session.h"

void session_init(struct session *s, session_send_fn *send, void *arg)
{
	memset(s, 0, sizeof(*s));
	session_attach(s, NULL);
	s->send = send;
	s->send_arg = arg;
	s->strange = SIZE_MAX;
	packet_reader_init(&s->in);
	reply_start(&s->out);
}

void session_attach(struct session *s, const struct target *target)
{
	s->target = target ? *target : absent_target(s->list);
	s->state = target ? SESSION_STOPPED : SESSION_ALONE;
	s->told = TOLD_NOTHING;
	s->has_stop = s->interrupt_due = s->physical = s->steps_open = false;
	s->general = s->resuming = s->listed = s->threads = 0;
	s->files = 0;
}

void session_offer(struct session *s, const struct target_list *list)
{
	s->list = list;
	session_attach(s, NULL);
}

void session_trace(struct session *s, session_trace_fn *trace, void *arg)
{
	s->trace = trace;
	s->trace_arg = arg;
}

/* Sending */

void session_send(struct session *s)
{
	trace_packet(s->trace, s->trace_arg, "-> ", reply_payload(&s->out), s->out.len);
	s->sent = reply_finish(&s->out);
	s->unheard++;
	s->send(s->send_arg, s->out.frame, s->sent);
}

int session_ok(struct session *s)
{
	reply_text(&s->out, "OK");
	return ANSWERED;
}

/* The client's console */

void console_open(struct session *s)
{
	reply_start(&s->out);
	reply_char(&s->out, 'O');
}

void console_print(void *session, const char *text)
{
	struct session *s = session;

	for (; *text; text++) {
		if (reply_room(&s->out) < 2) {
			session_send(s);
			console_open(s);
		}
		reply_hex(&s->out, text, 1);
	}
}

void console_close(struct session *s)
{
	if (s->out.len > 1)
		session_send(s);
}

/* Refusing */

int session_refuse(struct session *s, int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(s->sentence, sizeof(s->sentence), format, ap);
	va_end(ap);
	return -error;
}

int session_refuse_ended(struct session *s)
{
	if (session_is_alone(s->state))
		return session_refuse(s, ESRCH, "there is no guest: nothing is attached to");
	return session_refuse(s, ESRCH, "the guest has ended");
}

int session_refuse_process(struct session *s, uint64_t process)
{
	return session_refuse(s, ESRCH, "there is no process %llu", (unsigned long long)process);
}

/* Threads */

unsigned session_threads(struct session *s)
{
	return s->state == SESSION_RUNNING ? s->threads : s->target.ops->threads(s->target.t);
}

bool session_has_thread(struct session *s, unsigned thread)
{
	return thread >= 1 && thread <= session_threads(s) && s->target.ops->has_thread(s->target.t, thread);
}

unsigned session_general(struct session *s)
{
	if (!s->general || (s->state != SESSION_RUNNING && !session_has_thread(s, s->general)))
		s->general = s->target.ops->current(s->target.t);
	return s->general;
}

int session_find_thread(struct session *s, const struct thread_id *id, unsigned *thread)
{
	bool any = id->thread == ID_ANY || id->thread == ID_ALL;

	*thread = 0;
	if (!session_threads(s))
		return session_is_alone(s->state) && any ? 0 : session_refuse_ended(s);
	if (id->process != s->target.process && id->process != ID_ANY && id->process != ID_ALL)
		return session_refuse_process(s, id->process);
	if (any)
		return 0;
	if (id->thread > UINT_MAX || !session_has_thread(s, (unsigned)id->thread))
		return session_refuse(s, ESRCH, "there is no thread %llu", (unsigned long long)id->thread);
	*thread = (unsigned)id->thread;
	return 0;
}

/* The last stop */

bool session_stopped_here(const struct session *s, unsigned thread)
{
	return s->has_stop && s->stop.thread == thread;
}

static bool has_signal(enum stop_kind kind)
{
	return kind == STOP_SIGNAL || kind == STOP_RESET || kind == STOP_END;
}

uint8_t session_stop_signal(const struct session *s)
{
	return s->has_stop && has_signal(s->stop.kind) ? (uint8_t)s->stop.signal : GDB_SIGNAL_TRAP;
}
