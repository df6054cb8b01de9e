/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusals: in which form a client is told that, and why, it does not get what it asked for. */
#ifndef RSP_REFUSAL_H
#define RSP_REFUSAL_H

#include <stdbool.h>

#include "session.h"

enum refusal_form {
	REFUSAL_CODE,	   /* E16 */
	REFUSAL_CODE_TEXT, /* E16;6e6f, lldb's */
	REFUSAL_TEXT,	   /* E.no, gdb's */
	REFUSAL_SENTENCE,  /* refused: no */
	REFUSAL_CONSOLE	   /* "no" on the client's console, and E01 */
};

/*
 * The form that this client shows its user as what it is: of a packet with these flags (enum packet_flag), from a client that has
 * announced these features (enum feature) and, or not, sent QEnableErrorStrings.
 */
enum refusal_form refusal_form(unsigned flags, unsigned features, bool error_strings);

/* -EINVAL, with the phrase of a cursor. */
int session_refuse_malformed(struct session *s, const char *what);

/* Answers the packet under way with the sentence of session_refuse(), or, when there is none, with the target's. */
void refusal_send(struct session *s, int error);

#endif
