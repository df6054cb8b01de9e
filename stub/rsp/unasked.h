/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client is told without having asked: of stops, and what the guest's breakpoints print. */
#ifndef RSP_UNASKED_H
#define RSP_UNASKED_H

#include "session.h"

/* Text for the client's console, while the machine runs; a client that waits for nothing takes none, and it is dropped. */
void session_print(struct session *s, const char *text);

/* In SESSION_NON_STOP: a thread may have stopped. SESSION_ALONE after the end of a machine of a list. */
void session_event(struct session *s);

/*
 * The machine has stopped, and why. In SESSION_RUNNING the client is told and the state becomes SESSION_STOPPED, or SESSION_ALONE when
 * a machine of a list has ended. Otherwise it is only remembered, for the client's question.
 */
void session_stopped(struct session *s, const struct stop *stop);

#endif
