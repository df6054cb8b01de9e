/* SPDX-License-Identifier: BSD-2-Clause */
/* COMM, as gdbserver takes it: where debuggers connect. Knows file descriptors and addresses, and nothing else. */
#ifndef COMM_H
#define COMM_H

#include <stdbool.h>
#include <stddef.h>

struct comm {
	int listener; /* -1: closed. It does not wait (O_NONBLOCK), and is closed in a program that is executed */
	int port;     /* of TCP, else 0 */
	char *path;   /* of the Unix socket that comm_close() is to unlink, or NULL */
};

/*
 * Listens on HOST:PORT, :PORT (loopback) or unix:PATH (mode 0600). 0; -EINVAL when arg is none of them, or what the system said, with a
 * sentence in error.
 */
int comm_open(struct comm *c, const char *arg, char *error, size_t size);

/* A socket that somebody else has made. Does it listen? Then the comm has it; the path is none of ours. */
bool comm_take(struct comm *c, int fd);

/* Listens no more; nothing is to be found at the path. */
void comm_close(struct comm *c);

/* In a process that has a copy of it: closes that one alone, and leaves what is at the path. */
void comm_forget(struct comm *c);

/* The next one who has connected, ready to talk to; or -errno: -EAGAIN when there is none (any more). Waits for nobody. */
int comm_accept(struct comm *c);

/* A socket that is connected: as comm_accept() returns them. */
void comm_tune(int fd);

#endif
