/* SPDX-License-Identifier: BSD-2-Clause */
/* A stopped machine: its stop is told to the client, and the client's packets are answered. By the baton's holder. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "connection.h"

/*
 * serve_fn: on the vCPU thread that has been handed the baton, for as long as the machine stands. And: on one that is somebody else's, as long
 * as that does not want it.
 */
enum served serve(void *server, bool waits);
enum served serve_at_home(void *server, bool waits);

/* Which of them does; NULL: the watcher. */
serve_fn *serve_by(const struct server *s);

/* Tells the client of the stop. waits: until the client has taken all. True: the client is there to be heard. */
bool serve_stop(struct server *s, bool waits);

/* Answers what the client has said so far; more: the client has spoken since the stop. True: the client is to be heard further. */
bool serve_packets(struct server *s, bool more);

/* The client has gone; go: the guest runs on in any case. */
void serve_leave(struct server *s, bool go);

/* The machine is about to go on, or nobody is there to say so. */
void serve_ended(struct server *s);

#endif
