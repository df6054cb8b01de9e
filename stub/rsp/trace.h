/* SPDX-License-Identifier: BSD-2-Clause */
/* What --debug shows of the protocol. */
#ifndef RSP_TRACE_H
#define RSP_TRACE_H

#include <stddef.h>

/* Takes one line of readable text, without a newline, for each packet in either direction. */
typedef void session_trace_fn(void *arg, const char *line);

/* One line for a packet: direction, then its payload, made printable and cut to a line's length. trace may be NULL. */
void trace_packet(session_trace_fn *trace, void *arg, const char *direction, const char *payload, size_t len);

#endif
