/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the watcher does at each look. While the machine runs the watcher waits for the client: what comes then is a Ctrl-C. The watcher is
 * told of a run that nobody steps in, and finds another run at its next tick: to be told of each, and woken by each packet, would cost a step
 * two thread switches. When nothing has run for a while the watcher dozes, and the next resume wakes it. In non-stop, and where vCPU threads
 * do not serve, the watcher serves the client.
 */
#ifndef SERVE_WATCH_H
#define SERVE_WATCH_H

#include "connection.h"

/* A client has been admitted: the machine is stopped for it, if it runs. */
void watch_welcome(struct server *s);

/* The client and the machine, as they are now; s->awaited is what to wait for. */
void watch_client(struct server *s);

#endif
