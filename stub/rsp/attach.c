/* SPDX-License-Identifier: BSD-2-Clause */
/* See attach.h. */
#include "attach.h"
#include "refusal.h"

static void begin_non_stop(struct session *s)
{
	int error = s->target.ops->set_non_stop(s->target.t, true);

	if (error) {
		refusal_send(s, -error);
		return;
	}
	s->state = SESSION_NON_STOP;
	s->target.ops->report_again(s->target.t);
	session_ok(s);
	session_send(s);
}

/* What may be asked while the machine runs has to be known before: how many threads there are, and which is meant. */
void session_attached(struct session *s, const struct target *target)
{
	session_attach(s, target);
	s->sentence[0] = '\0';
	reply_start(&s->out);
	if (s->chose_non_stop) {
		begin_non_stop(s);
		return;
	}
	s->threads = session_threads(s);
	session_general(s);
	s->state = SESSION_RUNNING;
}

void session_not_attached(struct session *s, int error, const char *why)
{
	s->state = SESSION_ALONE;
	reply_start(&s->out);
	refusal_send(s, -session_refuse(s, error, "%s", why));
}
