/* SPDX-License-Identifier: BSD-2-Clause */
/* What --debug shows of the protocol: one bounded, printable line a packet. Changes nothing. */
#include <stdio.h>
#include <string.h>

#include "trace.h"

/* Enough for a stop reply or a page of memory's beginning; a `g` of every register is of no use to a reader. */
#define TRACE_LINE 400

/* The longest a byte can get, "\xNN", and the dots of a cut. */
#define ESCAPE_MAX 4
#define DOTS "..."

static size_t printable(char *to, char c)
{
	if (c >= ' ' && c <= '~' && c != '\\') {
		*to = c;
		return 1;
	}
	return (size_t)snprintf(to, ESCAPE_MAX + 1, "\\x%02x", (unsigned char)c);
}

void trace_packet(session_trace_fn *trace, void *arg, const char *direction, const char *payload, size_t len)
{
	char line[TRACE_LINE + ESCAPE_MAX + sizeof(DOTS)];
	size_t used = strlen(direction), i;

	if (!trace)
		return;
	memcpy(line, direction, used);
	for (i = 0; i < len && used < TRACE_LINE; i++)
		used += printable(line + used, payload[i]);
	strcpy(line + used, i < len ? DOTS : "");
	trace(arg, line);
}
