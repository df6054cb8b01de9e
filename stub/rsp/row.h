/* SPDX-License-Identifier: BSD-2-Clause */
/* One packet of those that a client may send: its name, its form, and the handler that answers it. */
#ifndef RSP_ROW_H
#define RSP_ROW_H

#include "cursor.h"
#include "session.h"

enum packet_flag {
	PACKET_RUNNING = 1, /* is answered while the machine runs, too */
	PACKET_SPEAKS = 2,  /* every gdb shows a refusal's sentence */
	PACKET_CONSOLE = 4, /* a refusal is printed on the client's console */
	PACKET_SUFFIX = 8,  /* lldb may put a thread's id behind it */
	PACKET_ASKS = 16,   /* changes, resumes and ends nothing: also served to clients that have not said who they are */
	PACKET_FINDS = 32,  /* gdb takes an error for "there is none" */
	PACKET_ALONE = 64,  /* is about the connection, and needs no machine */
	PACKET_QUICK = 128  /* is answered in no time, and asks nothing of a VMM whose machine it is */
};

struct args {
	uint64_t n[3];
	struct thread_id thread;
	struct cursor word;
	struct cursor rest;
};

struct packet_row {
	const char *name;
	const char *form; /* of what follows the name: table.h has its letters */
	unsigned flags;
	const char *token; /* what qSupported's reply has for this packet, or NULL */
	int (*answer)(struct session *s, const struct args *args);
};

#endif
