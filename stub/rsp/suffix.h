/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose registers a packet means: lldb says so behind its other arguments. */
#ifndef RSP_SUFFIX_H
#define RSP_SUFFIX_H

#include "session.h"

/* ";thread:ID;": takes it off, and selects that thread. 0, also when there is none, or -errno. */
int suffix_take(struct session *s, struct cursor *text);

#endif
