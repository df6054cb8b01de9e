/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection: takes bytes apart into packets and has each answered by its row of the table. What single packets mean is in the do_*.c files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "absent.h"
#include "handlers.h"
#include "refusal.h"
#include "session.h"
#include "trace.h"

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
	s->attached = target != NULL;
	s->target = target ? *target : absent_target();
	s->state = SESSION_STOPPED;
	s->told = TOLD_NOTHING;
	s->has_stop = s->physical = s->steps_open = false;
	s->general = s->resuming = s->listed = s->threads = 0;
	s->files = 0;
}

void session_trace(struct session *s, session_trace_fn *trace, void *arg)
{
	s->trace = trace;
	s->trace_arg = arg;
}

/* Sending */

void session_send(struct session *s)
{
	trace_packet(s, "-> ", reply_payload(&s->out), s->out.len);
	s->sent = reply_finish(&s->out);
	s->unheard++;
	s->send(s->send_arg, s->out.frame, s->sent);
}

static void send_byte(struct session *s, char byte)
{
	s->send(s->send_arg, &byte, 1);
}

static void send_answer(struct session *s)
{
	if (s->out.overflow)
		refusal_send(s, -session_refuse(s, EMSGSIZE, "the answer does not fit in a packet"));
	else
		session_send(s);
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

/* Threads */

unsigned session_threads(struct session *s)
{
	return s->state == SESSION_RUNNING ? s->threads : s->target.ops->threads(s->target.t);
}

unsigned session_general(struct session *s)
{
	if (!s->general)
		s->general = s->target.ops->current(s->target.t);
	return s->general;
}

int session_find_thread(struct session *s, const struct thread_id *id, unsigned *thread)
{
	*thread = 0;
	if (!session_threads(s))
		return session_refuse_ended(s);
	if (id->process != PROCESS_ID && id->process != ID_ANY && id->process != ID_ALL)
		return session_refuse(s, ESRCH, "there is no process %llu", (unsigned long long)id->process);
	if (id->thread == ID_ANY || id->thread == ID_ALL)
		return 0;
	if (id->thread > session_threads(s))
		return session_refuse(s, ESRCH, "there is no thread %llu", (unsigned long long)id->thread);
	*thread = (unsigned)id->thread;
	return 0;
}

/* Packets */

static int answer(struct session *s, struct cursor *text)
{
	struct args args;
	const char *bad;
	int error;

	if (!s->row)
		return NOT_SERVED;
	if (!s->attached && !(s->row->flags & PACKET_ALONE))
		return session_refuse(s, ESRCH, "there is no guest: nothing is attached to");
	if (s->strange && !(s->row->flags & PACKET_ASKS))
		return session_refuse(s, EACCES, "a client that has not sent qSupported or QStartNoAckMode, and heard the answer, can only ask");
	if (s->state == SESSION_RUNNING && !(s->row->flags & PACKET_RUNNING))
		return session_refuse(s, EBUSY, "the machine is running");
	error = s->row->flags & PACKET_SUFFIX ? session_take_suffix(s, text) : 0;
	if (error)
		return error;
	bad = packet_parse(s->row, text, s->features & FEATURE_MULTIPROCESS, &args);
	if (bad)
		return session_refuse_malformed(s, bad);
	return s->row->answer(s, &args);
}

static void end_withholding(struct session *s)
{
	if (s->told == TOLD_TO_WAIT && s->row && s->row->answer != do_next_stop)
		s->told = TOLD_NOTHING;
}

static void take_packet(struct session *s)
{
	struct cursor text;
	int result;

	s->sent = s->unheard = 0;
	s->sentence[0] = '\0';
	reply_start(&s->out);
	trace_packet(s, "<- ", s->in.data, s->in.len);
	s->row = packet_find(s->in.data, s->in.len, &text);
	end_withholding(s);
	result = s->in.fault ? session_refuse_malformed(s, s->in.fault) : answer(s, &text);
	if (result < 0)
		refusal_send(s, -result);
	else if (result == ANSWERED)
		send_answer(s);
	else if (result == NOT_SERVED)
		session_send(s);
}

/* Without acknowledgements nothing asks for the packet again, and a client waits for its answer for ever: so it gets one. */
static void take_damaged(struct session *s)
{
	if (!s->no_ack) {
		send_byte(s, '-');
		return;
	}
	s->row = NULL;
	refusal_send(s, -session_refuse(s, EBADMSG, "a packet arrived with a wrong checksum"));
}

static void take_whole(struct session *s)
{
	if (!s->no_ack)
		send_byte(s, '+');
	take_packet(s);
}

/* Everything that was sent has arrived: nothing is to be sent again, whatever the client asked for while it waited. */
static void take_arrival(struct session *s)
{
	if (s->unheard && --s->unheard == 0)
		s->sent = 0;
}

static void take_foreign(struct session *s, const uint8_t *bytes, size_t n)
{
	packet_tell_foreign(bytes, n, s->sentence, sizeof(s->sentence));
	s->target.ops->refused(s->target.t, s->sentence);
	s->state = SESSION_LOST;
}

static void take_interrupt(struct session *s)
{
	trace_packet(s, "<! ", "interrupt", 9);
	if (!s->strange && (s->state == SESSION_RUNNING || s->state == SESSION_NON_STOP))
		s->target.ops->interrupt(s->target.t);
}

/* bytes begin with the one that the event came with. */
static void take_event(struct session *s, enum packet_event event, const uint8_t *bytes, size_t n)
{
	switch (event) {
	case PACKET_WHOLE:
		take_whole(s);
		break;
	case PACKET_DAMAGED:
		take_damaged(s);
		break;
	case PACKET_RESEND:
		if (s->sent && !s->no_ack)
			s->send(s->send_arg, s->out.frame, s->sent);
		break;
	case PACKET_ARRIVED:
		take_arrival(s);
		break;
	case PACKET_INTERRUPT:
		take_interrupt(s);
		break;
	case PACKET_FOREIGN:
		take_foreign(s, bytes, n);
		break;
	case PACKET_NOTHING:
		break;
	}
}

static bool is_over(const struct session *s)
{
	return s->state >= SESSION_DETACHED;
}

/* What had been sent before the introduction was answered is a stranger's. */
static void grow_familiar(struct session *s, size_t used, size_t left)
{
	if (s->strange == SIZE_MAX)
		s->strange = s->introduced ? left : SIZE_MAX;
	else
		s->strange -= used < s->strange ? used : s->strange;
}

size_t session_input(struct session *s, const uint8_t *bytes, size_t n)
{
	enum packet_event event = PACKET_NOTHING;
	size_t used = 0;

	if (is_over(s))
		return 0;
	while (used < n && event != PACKET_WHOLE && event != PACKET_DAMAGED && !is_over(s)) {
		event = packet_feed(&s->in, bytes[used]);
		take_event(s, event, bytes + used, n - used);
		used++;
	}
	grow_familiar(s, used, n - used);
	return used;
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
	if (stop->text) {
		console_open(s);
		console_print(s, stop->text);
		console_print(s, "\n");
		console_close(s);
	}
	reply_start(&s->out);
	reply_stop(s);
	session_send(s);
}
