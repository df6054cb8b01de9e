/* SPDX-License-Identifier: BSD-2-Clause */
/* See suffix.h. */
#include <string.h>

#include "refusal.h"
#include "suffix.h"

/* A suffix selects like Hg: memory, whose packets have no suffix, is read as that thread sees it whose registers were read last. */
int suffix_take(struct session *s, struct cursor *text)
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
