/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads in JSON, for lldb. */
#ifndef RSP_JSON_H
#define RSP_JSON_H

#include "session.h"

/* The answer to jThreadsInfo. */
void json_threads(struct session *s);

/* In a stop reply: why each stands. */
void reply_reasons(struct session *s);

#endif
