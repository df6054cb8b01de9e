/* SPDX-License-Identifier: BSD-2-Clause */
/* One debugger at a time on one machine: the connection, and who reads it when. */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>

#include "../machine/machine.h"
#include "comm.h"

struct server_config {
	bool once;  /* leave when the client goes */
	bool debug; /* the wire, readable, where the rest is told */
	int log;    /* the descriptor for what is told to whoever runs this: nobody waits for that */
};

/*
 * Serves until the guest ends, a client kills it, the client goes (once, or on standard input), or SIGINT, SIGTERM or SIGHUP
 * arrives. The exit status for the program: the guest's own, or 0, or 128 + the signal. The calling thread becomes the watcher;
 * the three signals must be blocked in every thread.
 */
int server_run(struct machine *m, struct comm *comm, const struct server_config *config);

#endif
