/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet table: everything a client can send that is answered with more than the empty reply.
 *
 * The form is what follows the name, one character a piece:
 *	n	a hexadecimal number
 *	t	a thread id
 *	w	text up to the character that follows in the form
 *	s	the rest of the packet
 *	|	the packet may end here
 *	other	itself
 */
#ifndef RSP_TABLE_H
#define RSP_TABLE_H

#include "cursor.h"
#include "session.h"

enum packet_flag {
	PACKET_RUNNING = 1, /* is answered while the machine runs, too */
	PACKET_SPEAKS = 2,  /* every gdb shows a refusal's sentence */
	PACKET_CONSOLE = 4, /* a refusal is printed on the client's console */
	PACKET_SUFFIX = 8,  /* lldb may put a thread's id behind it */
	PACKET_ASKS = 16,   /* it changes, resumes and ends nothing: served to those, too, who have not said who they are */
	PACKET_FINDS = 32,  /* gdb takes an error for "there is none" */
	PACKET_ALONE = 64   /* it is about the connection, and needs no machine */
};

/* What a handler returns when it does not refuse. A refusal is a negative errno value, after session_refuse() or with why(). */
enum outcome {
	ANSWERED,   /* the reply is in session->out */
	NO_ANSWER,  /* none is due: the next stop is the answer, or nothing is */
	NOT_SERVED, /* the empty reply: this machine has no such thing */
};

struct args {
	uint64_t n[3];
	struct thread_id thread;
	struct cursor word;
	struct cursor rest;
};

struct packet_row {
	const char *name;
	const char *form;
	unsigned flags;
	const char *token; /* what it earns in qSupported's reply, or NULL */
	int (*answer)(struct session *s, const struct args *args);
};

extern const struct packet_row packet_table[];
extern const size_t packet_rows;

/* The row with the longest name that this packet starts with, or NULL. args is left at what follows the name. */
const struct packet_row *packet_find(const char *packet, size_t len, struct cursor *args);

/* Reads the arguments by the row's form. NULL, or a phrase on what is wrong with them. */
const char *packet_parse(const struct packet_row *row, struct cursor *text, bool multiprocess, struct args *args);

#endif
