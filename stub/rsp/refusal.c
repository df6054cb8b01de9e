/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Refusals: the sentence, and the one place that decides how a client gets it. A client that does not know a form takes it for
 * something else: lldb takes E.text for the value of a register, gdb 13 for bytes of memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "refusal.h"
#include "row.h"

int session_refuse_malformed(struct session *s, const char *what)
{
	return session_refuse(s, EINVAL, "malformed %s packet: %s", s->row ? s->row->name : "(unknown)", what);
}

/*
 * gdb (13 to 18) takes any E for "there is none" when it searches, and prints a reply that it does not know. Refusals that it shows before
 * there was error-message are the ones to p and P. vContSupported is announced by gdb alone.
 */
enum refusal_form refusal_form(unsigned flags, unsigned features, bool error_strings)
{
	bool gdb = features & FEATURE_VCONT;

	if (flags & PACKET_CONSOLE)
		return REFUSAL_CONSOLE;
	if (flags & PACKET_FINDS && gdb)
		return REFUSAL_SENTENCE;
	if (error_strings)
		return REFUSAL_CODE_TEXT;
	if (features & FEATURE_ERROR_MESSAGE || (flags & PACKET_SPEAKS && gdb))
		return REFUSAL_TEXT;
	return REFUSAL_CODE;
}

/* A sentence may carry the client's own words, and is shown on terminals. */
static void settle_sentence(struct session *s)
{
	const char *why = s->target.ops->why(s->target.t);

	if (!s->sentence[0])
		snprintf(s->sentence, sizeof(s->sentence), "%s", why && *why ? why : "the machine gave no reason");
	for (char *at = s->sentence; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* gdb 13 knows an answer to qRcmd as an error only when its digits are decimal; E01 is what others send. */
static void print_sentence(struct session *s)
{
	console_open(s);
	console_print(s, s->sentence);
	console_print(s, "\n");
	console_close(s);
	reply_start(&s->out);
	reply_text(&s->out, "E01");
}

static void reply_code(struct session *s, int error)
{
	uint8_t code = error > 0 && error <= UINT8_MAX ? (uint8_t)error : EIO;

	reply_char(&s->out, 'E');
	reply_hex(&s->out, &code, 1);
}

void refusal_send(struct session *s, int error)
{
	settle_sentence(s);
	s->target.ops->refused(s->target.t, s->sentence, s->row && s->row->flags & PACKET_ASKS);
	reply_start(&s->out);
	switch (refusal_form(s->row ? s->row->flags : 0, s->features, s->error_strings)) {
	case REFUSAL_CODE:
		reply_code(s, error);
		break;
	case REFUSAL_CODE_TEXT:
		reply_code(s, error);
		reply_char(&s->out, ';');
		reply_hex(&s->out, s->sentence, strlen(s->sentence));
		break;
	case REFUSAL_TEXT:
		reply_text(&s->out, "E.");
		reply_sentence(&s->out, s->sentence);
		break;
	case REFUSAL_SENTENCE:
		reply_text(&s->out, "refused: ");
		reply_sentence(&s->out, s->sentence);
		break;
	case REFUSAL_CONSOLE:
		print_sentence(s);
		break;
	}
	session_send(s);
}
