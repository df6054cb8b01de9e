/* SPDX-License-Identifier: BSD-2-Clause */
/* What --debug shows of the protocol. */
#ifndef RSP_TRACE_H
#define RSP_TRACE_H

#include "session.h"

/* One line for a packet, when the session is traced: direction, then its payload, made printable and cut to a line's length. */
void trace_packet(struct session *s, const char *direction, const char *payload, size_t len);

#endif
