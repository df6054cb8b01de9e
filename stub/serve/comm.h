/* SPDX-License-Identifier: BSD-2-Clause */
/* COMM, as gdbserver takes it: where debuggers connect. Knows file descriptors and addresses, and nothing else. */
#ifndef COMM_H
#define COMM_H

#include <stdbool.h>
#include <stddef.h>

struct comm {
	int listener; /* -1: closed; else O_NONBLOCK and close-on-exec */
	int port;     /* of TCP, else 0 */
	char *path;   /* of the Unix socket that comm_close() is to unlink, or NULL */
};

/*
 * Listens on HOST:PORT, :PORT (loopback) or unix:PATH (mode 0600). 0; -EINVAL when arg is none of them, or what the system said, with a
 * sentence in error.
 */
int comm_open(struct comm *c, const char *arg, char *error, size_t size);

/* Does this socket, which somebody else has made, listen? Then the comm has it; comm_close() unlinks nothing. */
bool comm_take(struct comm *c, int fd);

/* Listens no more; nothing is to be found at the path. */
void comm_close(struct comm *c);

/* The same in a child of fork(): only the child's descriptor is closed, and the path stays. */
void comm_forget(struct comm *c);

/* The next one who has connected, ready to talk to; or -errno: -EAGAIN when there is none (any more). Waits for nobody. */
int comm_accept(struct comm *c);

/* Gives a connected socket the options that comm_accept() gives to those it returns. */
void comm_tune(int fd);

#endif
