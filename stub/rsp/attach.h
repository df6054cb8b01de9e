/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer to a client that wants a machine of a list: in SESSION_ATTACHING. */
#ifndef RSP_ATTACH_H
#define RSP_ATTACH_H

#include "session.h"

/*
 * An attachment to the machine that the client wants begins, as session_attach() has it. The client is told: in non-stop at once, and then of
 * the stop of each thread, SESSION_NON_STOP; or else by session_stopped(), for which it waits in SESSION_RUNNING.
 */
void session_attached(struct session *s, const struct target *target);

/* It cannot be had: an errno value, and a sentence. SESSION_ALONE. */
void session_not_attached(struct session *s, int error, const char *why);

#endif
