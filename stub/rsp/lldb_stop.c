/* SPDX-License-Identifier: BSD-2-Clause */
/* See lldb_stop.h. */
#include "lldb_stop.h"

/* A thread whose pc cannot be read has 0 there: lldb counts, and takes no gaps. */
static void reply_pcs(struct session *s, unsigned n)
{
	const char *before = "thread-pcs:";

	for (unsigned thread = 1; thread <= n; thread++) {
		uint64_t pc = 0;

		if (!session_has_thread(s, thread))
			continue;
		s->target.ops->thread_pc(s->target.t, thread, &pc);
		reply_text(&s->out, before);
		reply_number(&s->out, pc);
		before = ",";
	}
	reply_char(&s->out, ';');
}

/* Beside a comma, a number has at most eight digits for a thread, sixteen for a pc. Too many threads are left to be asked for. */
void reply_threads(struct session *s)
{
	unsigned n = session_threads(s);
	const char *before = "threads:";

	if (!s->lists_threads || n > reply_room(&s->out) / (9 + 17 + 1))
		return;
	for (unsigned thread = 1; thread <= n; thread++) {
		if (!session_has_thread(s, thread))
			continue;
		reply_text(&s->out, before);
		reply_number(&s->out, thread);
		before = ",";
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
	reply_format(&s->out, "addressing_bits:%u;low_mem_addressing_bits:%u;high_mem_addressing_bits:%u;",
		lower > upper ? lower : upper, lower, upper);
}
