/* SPDX-License-Identifier: BSD-2-Clause */
/* What a server's owner, which is the program or the library that opens the server, has to say and is asked. */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;
struct target_list;

/* As syslog(3) numbers them. */
enum server_level {
	SERVER_ERROR = 3,
	SERVER_WARNING = 4, /* who was refused, and why */
	SERVER_INFO = 6,    /* stops of the guest that no client is there to see */
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
	bool trace; /* packets are told of, readable */
	bool serves_self; /* server_dispatch() serves the client also while the machine is stopped; no vCPU thread does, without begins() */
	void *arg; /* of the functions */

	/* Takes a sentence without a newline. Any thread, locks held: the function does not wait, and calls nothing of server.h. */
	void (*log)(void *arg, enum server_level level, const char *sentence);

	/* Takes text that commands of breakpoints have printed and no client takes; not line by line. The function does not wait. */
	void (*print)(void *arg, const char *text);

	/* The guest is about to go on: what was told may have to be shown before. */
	void (*resuming)(void *arg);

	/*
	 * Is all over by this event? True: the guest stays as it is, and nobody is served any more. False, or NULL: the server parts from the
	 * client, the guest goes on if it has not ended, and whoever comes next is served.
	 */
	bool (*ends)(void *arg, enum server_event event, int code);

	/*
	 * With serves_self: vCPU threads serve as well, which are somebody else's: each as long as it is at home, and what takes no time
	 * (rsp/input.h). begins(): such a thread is about to look at the client and the machine; false: not now. ends_work(): it has done so.
	 * It waits for the client outside of the two. NULL: they do not serve.
	 */
	bool (*begins)(void *arg);
	void (*ends_work)(void *arg);

	/*
	 * Clients choose a machine of this list, which outlives the server; NULL: there is one machine, that of server_open(), and the rest is
	 * not called. attach() opens the one of this process, stopped, for which there is no server yet: 0, or -errno and a sentence in
	 * error. detach(): nobody debugs it any more, nothing of the client is left in it, and it has no server; it goes on as if nobody had
	 * come. Both by the thread of server_dispatch().
	 */
	const struct target_list *list;
	int (*attach)(void *arg, uint64_t process, struct machine **m, char *error, size_t size);
	void (*detach)(void *arg, struct machine *m);

	/* The machine is another's: it is left, and never ended. Those of a list are. */
	bool foreign;

	/* The machine's process was started for this: a client ends it by `kill`, and begins no other. */
	bool launched;

	/* A client has come; or it has gone, and nothing of it is left in the guest. By the thread of server_dispatch(). */
	void (*client)(void *arg, bool here);
};

__attribute__((format(printf, 3, 4))) void config_log(
	const struct server_config *c, enum server_level level, const char *format, ...);
void config_print(const struct server_config *c, const char *text);
bool config_ends(const struct server_config *c, enum server_event event, int code);

#endif
