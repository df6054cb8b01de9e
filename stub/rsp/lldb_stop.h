/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stop reply tells lldb besides, and spares lldb asking for. */
#ifndef RSP_LLDB_STOP_H
#define RSP_LLDB_STOP_H

#include "session.h"

/* All threads, and where they are. */
void reply_threads(struct session *s);

/* How many bits of an address count, where not all do. */
void reply_address_bits(struct session *s, unsigned thread);

#endif
