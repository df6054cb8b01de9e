/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom the watcher listens to, behind one descriptor: epoll(7). By any thread. */
#ifndef SERVE_SOURCES_H
#define SERVE_SOURCES_H

#include <stdbool.h>

enum source {
	SOURCE_EVENT, /* struct wake's event; told of once for each time it is written to, and not read */
	SOURCE_TIMER,
	SOURCE_TICK,
	SOURCE_LISTENER, /* any listener */
	SOURCE_CALLER,	 /* any caller in the lobby */
	SOURCE_CLIENT,
	SOURCES
};

/* The descriptor, or -errno. */
int sources_open(void);

/*
 * Listen to fd: events are poll()'s. Again, for other events, if `again`. 0, or -errno: -EPERM when it is a file that is always ready, and
 * is not listened to.
 */
int sources_add(int sources, int fd, enum source kind, short events, bool again);
void sources_remove(int sources, int fd);

/* Which are ready: for each kind poll()'s events, 0 when none is. Waits for as many milliseconds, 0: not at all, -1: until one is. */
void sources_ready(int sources, short ready[SOURCES], int wait_ms);

#endif
