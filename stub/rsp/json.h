/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads in JSON, for lldb; and what else is said in JSON quotes its strings as this does. */
#ifndef RSP_JSON_H
#define RSP_JSON_H

#include "session.h"

/* A byte of a string as JSON has it, in a string of its own: '?' stands for what is not printable. */
void json_char(char c, char quoted[3]);

/* The answer to jThreadsInfo. */
void json_threads(struct session *s);

/* In a stop reply: why each stands. */
void reply_reasons(struct session *s);

#endif
