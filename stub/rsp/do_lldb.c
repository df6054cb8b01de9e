/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only lldb speaks. What the machine is, without which it takes a big-endian one for all that gdb has one name for; and what
 * spares it packets at every stop: thread ids behind a register's packet, and all threads, where they are and why, in one answer.
 * (lldb's docs/resources/lldbgdbremote.md; what it does with each is in its GDBRemoteCommunicationClient.cpp and ProcessGDBRemote.cpp.)
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "handlers.h"

/* From now on g, G, p and P may say whose registers they mean, instead of a Hg before them. */
int do_thread_suffix(struct session *s, const struct args *args)
{
	(void)args;
	s->thread_suffix = true;
	return session_ok(s);
}

/* There is one way to leave a guest that does not run on. */
int do_can_detach_stopped(struct session *s, const struct args *args)
{
	(void)args;
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

/* Of text that is not ours alone, and has characters in it that framing needs. */
__attribute__((format(printf, 2, 3))) static void reply_format(struct session *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	reply_formatted(&s->out, false, format, ap);
	va_end(ap);
}

/*
 * A guest may begin to translate addresses at any time. Older lldbs take this from qHostInfo alone; those that know one number for both
 * halves get the larger, which takes no bit from an address of either.
 */
void reply_address_bits(struct session *s, unsigned thread)
{
	unsigned lower, upper;

	if (!s->target.ops->address_bits(s->target.t, thread, &lower, &upper))
		return;
	reply_format(s, "addressing_bits:%u;low_mem_addressing_bits:%u;high_mem_addressing_bits:%u;", lower > upper ? lower : upper, lower,
		upper);
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

static void reply_triple(struct session *s, const struct target_kind *kind)
{
	char triple[64];

	snprintf(triple, sizeof(triple), "%s-unknown-unknown", kind->llvm);
	reply_text(&s->out, "triple:");
	reply_hex(&s->out, triple, strlen(triple));
	reply_format(s, ";endian:%s;ptrsize:%u;", kind->big_endian ? "big" : "little", kind->pointer_size);
}

int do_host_info(struct session *s, const struct args *args)
{
	struct target_kind kind;

	(void)args;
	s->target.ops->kind(s->target.t, &kind);
	reply_triple(s, &kind);
	reply_format(s, "watchpoint_exceptions_received:%s;", kind.watch_after ? "after" : "before");
	reply_address_bits(s, session_general(s));
	return ANSWERED;
}

int do_process_info(struct session *s, const struct args *args)
{
	struct target_kind kind;

	(void)args;
	s->target.ops->kind(s->target.t, &kind);
	reply_format(s, "pid:%x;", PROCESS_ID);
	reply_triple(s, &kind);
	return ANSWERED;
}

int do_watchpoints(struct session *s, const struct args *args)
{
	struct target_kind kind;

	(void)args;
	s->target.ops->kind(s->target.t, &kind);
	reply_format(s, "num:%u;", kind.watchpoints);
	return ANSWERED;
}

int do_thread_stop(struct session *s, const struct args *args)
{
	unsigned thread;
	int error = session_find_thread(s, &args->thread, &thread);

	if (error)
		return error;
	if (s->has_stop && s->stop.kind == STOP_EXITED)
		reply_stop(s);
	else
		reply_thread_stop(s, thread ? thread : session_general(s));
	return ANSWERED;
}
