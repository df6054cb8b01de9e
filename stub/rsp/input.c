/* SPDX-License-Identifier: BSD-2-Clause */
/* See input.h. What single packets mean is in the do_*.c files. */
#include <errno.h>
#include <string.h>

#include "handlers.h"
#include "input.h"
#include "refusal.h"
#include "suffix.h"
#include "table.h"

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

static int answer(struct session *s, struct cursor *text)
{
	struct args args;
	const char *bad;
	int error;

	if (!s->row)
		return NOT_SERVED;
	if (session_is_alone(s->state) && !(s->row->flags & PACKET_ALONE))
		return session_refuse_ended(s);
	if (s->strange && !(s->row->flags & PACKET_ASKS))
		return session_refuse(s, EACCES,
			"a client that has not sent qSupported or QStartNoAckMode, and heard the answer, can only ask");
	if (s->state == SESSION_RUNNING && !(s->row->flags & PACKET_RUNNING))
		return session_refuse(s, EBUSY, "the machine is running");
	error = s->row->flags & PACKET_SUFFIX ? suffix_take(s, text) : 0;
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
	trace_packet(s->trace, s->trace_arg, "<- ", s->in.data, s->in.len);
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
	s->target.ops->refused(s->target.t, s->sentence, false);
	s->state = SESSION_LOST;
}

/*
 * One that finds the machine stopped is for its next resume, as the manual has it (Interrupts). gdb sends it then: it says that it
 * continues before it has planted the breakpoints, and goes on by itself from a stop that it does not show.
 */
static void take_interrupt(struct session *s)
{
	trace_packet(s->trace, s->trace_arg, "<! ", "interrupt", 9);
	if (s->strange)
		return;
	if (s->state == SESSION_RUNNING || s->state == SESSION_STOPPED)
		s->interrupt_due = true;
	if (s->state == SESSION_RUNNING || s->state == SESSION_NON_STOP)
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

	if (session_is_over(s->state))
		return 0;
	while (used < n && event != PACKET_WHOLE && event != PACKET_DAMAGED && !session_is_over(s->state)) {
		event = packet_feed(&s->in, bytes[used]);
		take_event(s, event, bytes + used, n - used);
		used++;
	}
	grow_familiar(s, used, n - used);
	return used;
}

/* Unknown packets have an answer that is known. */
static bool is_quick(const char *packet, size_t len)
{
	struct cursor rest;
	const struct packet_row *row = packet_find(packet, len, &rest);

	return !row || row->flags & PACKET_QUICK;
}

bool session_is_quick(const struct session *s, const uint8_t *bytes, size_t n)
{
	const uint8_t *begin = memchr(bytes, '$', n), *end;

	if (s->in.state != PACKET_BETWEEN)
		return false;
	if (!begin)
		return true;
	begin++;
	end = memchr(begin, '#', n - (size_t)(begin - bytes));
	return end && end + 2 < bytes + n && is_quick((const char *)begin, (size_t)(end - begin));
}
