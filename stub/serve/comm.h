/* SPDX-License-Identifier: BSD-2-Clause */
/* COMM, as gdbserver takes it: where the debugger connects. Knows file descriptors and addresses, and nothing else. */
#ifndef COMM_H
#define COMM_H

#include <stdbool.h>
#include <stddef.h>

struct comm {
	int listener;	       /* -1: standard input and output, already connected */
	int port;	       /* TCP only, else 0 */
	const char *unix_path; /* to be unlinked at the end, or NULL */
};

/*
 * HOST:PORT, :PORT (loopback), unix:PATH (mode 0600), or `-`. 0; -EINVAL when it is none of them, or what the system said, with a
 * sentence in error. arg must outlive the comm.
 */
int comm_open(struct comm *c, const char *arg, char *error, size_t size);

/* Where clients are awaited: a line, or nothing when one is connected already. */
#define COMM_TEXT 160
void comm_text(const struct comm *c, char *text, size_t size);

/* Of COMM `-`: to be read, and to be written; writing never waits. */
void comm_stdio(int *in, int *out);

/* At the end of the program, which closes the rest: nothing is to be found at the path any more. */
void comm_close(struct comm *c);

/* The next one who has connected, ready to talk to; or -errno: -EAGAIN when it has gone again. Waits for nobody. */
int comm_accept(struct comm *c);

#endif
