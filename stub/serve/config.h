/* SPDX-License-Identifier: BSD-2-Clause */
/* What a server is told by the one who opens it, its owner: a program or a library. */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include <stdbool.h>

/* As syslog(3) numbers them. */
enum server_level {
	SERVER_ERROR = 3,
	SERVER_WARNING = 4, /* who was refused, and why */
	SERVER_INFO = 6,    /* that the guest stands and nobody is there to see it */
	SERVER_DEBUG = 7    /* packets */
};

/* After what there may be nothing left to serve. */
enum server_event {
	SERVER_EXITED, /* the guest has ended, with a code */
	SERVER_KILLED, /* the client asks for the guest's end */
	SERVER_LEFT    /* the client has gone */
};

/* All functions may be NULL. Threads: the one that serves, which is a vCPU's or that of server_dispatch(), unless said otherwise. */
struct server_config {
	bool trace;	  /* packets are told of, readable */
	bool serves_self; /* vCPU threads serve no client: server_dispatch() does, also while the machine is stopped */
	void *arg;	  /* of the functions */

	/* A sentence without a newline, for whoever runs this; by any thread, with locks held: it does not wait, and calls no server. */
	void (*log)(void *arg, enum server_level level, const char *sentence);

	/* Text that commands of breakpoints have printed, for which there is no client that takes it. Ends anywhere. Does not wait. */
	void (*print)(void *arg, const char *text);

	/* The guest is about to go on: what was told may have to be shown before. */
	void (*resuming)(void *arg);

	/*
	 * True: all is over, the guest stays as it is, and nobody is served any more. False, or NULL: the server goes on: who asked for the
	 * guest's end is parted from, and the guest goes on; whoever comes next is served.
	 */
	bool (*ends)(void *arg, enum server_event event, int code);

	/* A client has come, or it has gone and nothing of it is left in the guest. By the thread of server_dispatch(). */
	void (*client)(void *arg, bool here);
};

__attribute__((format(printf, 3, 4))) void config_log(const struct server_config *c, enum server_level level, const char *format, ...);
void config_print(const struct server_config *c, const char *text);
bool config_ends(const struct server_config *c, enum server_event event, int code);

#endif
