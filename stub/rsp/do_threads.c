/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: which there are, what each is, and which one the other packets mean. Of a guest that has ended there are none, as of gdbserver's. */
#include <errno.h>
#include <string.h>

#include "handlers.h"
#include "stop_reply.h"
#include "view.h"

/* "Any" and "all" leave the selection alone: some thread is always selected. */
int do_select_general(struct session *s, const struct args *args)
{
	unsigned thread;
	int error = session_find_thread(s, &args->thread, &thread);

	if (error)
		return error;
	if (thread)
		s->general = thread;
	return session_ok(s);
}

int do_select_resuming(struct session *s, const struct args *args)
{
	int error = session_find_thread(s, &args->thread, &s->resuming);

	return error ? error : session_ok(s);
}

int do_thread_alive(struct session *s, const struct args *args)
{
	unsigned thread;
	int error = session_find_thread(s, &args->thread, &thread);

	return error ? error : session_ok(s);
}

int do_current_thread(struct session *s, const struct args *args)
{
	(void)args;
	if (!session_threads(s))
		return session_refuse_ended(s);
	reply_text(&s->out, "QC");
	reply_thread(s, session_general(s));
	return ANSWERED;
}

/* As many as fit, with room for the separator. */
int do_more_threads(struct session *s, const struct args *args)
{
	unsigned n = session_threads(s);
	char before = 'm';

	(void)args;
	while (s->listed < n && reply_room(&s->out) > THREAD_ID_MAX) {
		if (!session_has_thread(s, ++s->listed))
			continue;
		reply_char(&s->out, before);
		reply_thread(s, s->listed);
		before = ',';
	}
	if (before == 'm')
		reply_char(&s->out, 'l');
	return ANSWERED;
}

int do_first_threads(struct session *s, const struct args *args)
{
	if (!session_threads(s) && !session_is_alone(s->state))
		return session_refuse_ended(s);
	s->listed = 0;
	return do_more_threads(s, args);
}

int do_thread_events(struct session *s, const struct args *args)
{
	int error;

	if (!s->target.ops->has_thread_events(s->target.t))
		return NOT_SERVED;
	if (args->n[0] > 1)
		return session_refuse(s, EINVAL, "QThreadEvents is 0 or 1");
	error = s->target.ops->set_thread_events(s->target.t, args->n[0]);
	return error ? error : session_ok(s);
}

int do_thread_text(struct session *s, const struct args *args)
{
	char name[THREAD_TEXT_MAX], text[THREAD_TEXT_MAX];
	unsigned thread;
	int error = session_find_thread(s, &args->thread, &thread);

	if (error)
		return error;
	view_thread_texts(s, thread ? thread : session_general(s), name, text);
	reply_hex(&s->out, name, strlen(name));
	reply_hex(&s->out, ", ", *text ? 2 : 0);
	reply_hex(&s->out, text, strlen(text));
	return ANSWERED;
}
