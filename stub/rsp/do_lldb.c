/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only lldb speaks. What the machine is, without which it takes a big-endian one for all that gdb has one name for; and what
 * spares it packets at every stop: thread ids behind a register's packet, and all threads, where they are and why, in one answer.
 * (lldb's docs/resources/lldbgdbremote.md; what it does with each is in its GDBRemoteCommunicationClient.cpp and ProcessGDBRemote.cpp.)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "json.h"
#include "lldb_stop.h"
#include "stop_reply.h"

/* From now on g, G, p and P may say whose registers they mean, instead of a Hg before them. */
int do_thread_suffix(struct session *s, const struct args *args)
{
	(void)args;
	s->thread_suffix = true;
	return session_ok(s);
}

/* There is one way to leave a guest that does not run on. A VM of another's is not left so. */
int do_can_detach_stopped(struct session *s, const struct args *args)
{
	(void)args;
	if (s->list || s->target.foreign)
		return NOT_SERVED;
	return session_ok(s);
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

static void reply_triple(struct session *s, const struct target_kind *kind)
{
	char triple[64];

	snprintf(triple, sizeof(triple), "%s-unknown-unknown", kind->llvm);
	reply_text(&s->out, "triple:");
	reply_hex(&s->out, triple, strlen(triple));
	reply_format(&s->out, ";endian:%s;ptrsize:%u;", kind->big_endian ? "big" : "little", kind->pointer_size);
}

int do_host_info(struct session *s, const struct args *args)
{
	struct target_kind kind;

	(void)args;
	s->target.ops->kind(s->target.t, &kind);
	reply_triple(s, &kind);
	reply_format(&s->out, "watchpoint_exceptions_received:%s;", kind.watch_after ? "after" : "before");
	reply_address_bits(s, session_general(s));
	return ANSWERED;
}

int do_process_info(struct session *s, const struct args *args)
{
	struct target_kind kind;

	(void)args;
	s->target.ops->kind(s->target.t, &kind);
	reply_format(&s->out, "pid:%" PRIx32 ";", s->target.process);
	reply_triple(s, &kind);
	return ANSWERED;
}

int do_watchpoints(struct session *s, const struct args *args)
{
	struct target_kind kind;

	(void)args;
	s->target.ops->kind(s->target.t, &kind);
	reply_format(&s->out, "num:%u;", kind.watchpoints);
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

int do_threads_info(struct session *s, const struct args *args)
{
	(void)args;
	json_threads(s);
	return ANSWERED;
}
