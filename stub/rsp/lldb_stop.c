/* SPDX-License-Identifier: BSD-2-Clause */
/* See lldb_stop.h. */
#include "lldb_stop.h"

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

/*
 * A guest may begin to translate addresses at any time. Older lldbs take this from qHostInfo alone; those that know one number for both
 * halves get the larger, which takes no bit from an address of either.
 */
void reply_address_bits(struct session *s, unsigned thread)
{
	unsigned lower, upper;

	if (!s->target.ops->address_bits(s->target.t, thread, &lower, &upper))
		return;
	reply_format(&s->out, "addressing_bits:%u;low_mem_addressing_bits:%u;high_mem_addressing_bits:%u;", lower > upper ? lower : upper, lower,
		upper);
}
