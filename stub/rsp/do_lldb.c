/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only lldb speaks, and has to ask for: thread ids behind a register's packet, and all threads in a stop reply. Each spares it
 * packets at every stop (lldb's docs/lldb-gdb-remote.txt; the packets are those that lldb 14 and 19 were seen to send).
 */
#include <string.h>

#include "handlers.h"

/* From now on g, G, p and P may say whose registers they mean, instead of a Hg before them. */
int do_thread_suffix(struct session *s, const struct args *args)
{
	(void)args;
	s->thread_suffix = true;
	return session_ok(s);
}

/* It selects like Hg: memory, whose packets have no suffix, is read as the thread sees it whose registers were read last. */
int session_take_suffix(struct session *s, struct cursor *text)
{
	static const char begin[] = ";thread:";
	const size_t n = sizeof(begin) - 1;
	struct cursor suffix = *text;
	struct thread_id id;
	unsigned thread;
	int error;

	cursor_until(&suffix, ';');
	if (!s->thread_suffix || !cursor_left(&suffix))
		return 0;
	text->end = suffix.at;
	if (cursor_left(&suffix) < n || memcmp(suffix.at, begin, n))
		return session_refuse_malformed(s, "what follows is no thread");
	suffix.at += n;
	id = cursor_thread(&suffix, s->features & FEATURE_MULTIPROCESS);
	cursor_expect(&suffix, ';');
	cursor_end(&suffix);
	if (suffix.bad)
		return session_refuse_malformed(s, suffix.bad);
	error = session_find_thread(s, &id, &thread);
	if (!error && thread)
		s->general = thread;
	return error;
}

/* From now on refusals may bring their sentence. */
int do_error_strings(struct session *s, const struct args *args)
{
	(void)args;
	s->error_strings = true;
	return session_ok(s);
}

int do_list_threads(struct session *s, const struct args *args)
{
	(void)args;
	s->lists_threads = true;
	return session_ok(s);
}

/* A thread whose pc cannot be read has 0 there: lldb counts, and takes no gaps. */
static void reply_pcs(struct session *s, unsigned n)
{
	reply_text(&s->out, "thread-pcs:");
	for (unsigned thread = 1; thread <= n; thread++) {
		uint64_t pc = 0;

		if (thread > 1)
			reply_char(&s->out, ',');
		s->target.ops->thread_pc(s->target.t, thread, &pc);
		reply_number(&s->out, pc);
	}
	reply_char(&s->out, ';');
}

/* Beside a comma, a number has at most eight digits for a thread, sixteen for a pc. Too many threads are left to be asked for. */
void reply_threads(struct session *s)
{
	unsigned n = session_threads(s);

	if (!s->lists_threads || n > reply_room(&s->out) / (9 + 17 + 1))
		return;
	reply_text(&s->out, "threads:");
	for (unsigned thread = 1; thread <= n; thread++) {
		if (thread > 1)
			reply_char(&s->out, ',');
		reply_number(&s->out, thread);
	}
	reply_char(&s->out, ';');
	reply_pcs(s, n);
}
