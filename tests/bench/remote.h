/* SPDX-License-Identifier: BSD-2-Clause */
/* A server of gdb's protocol, and what a client says to it: one packet and its answer at a time. Whatever fails ends the program. */
#ifndef REMOTE_H
#define REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server {
	const char *column;
	int fd;
	bool acks;
	unsigned packet_size;
	bool ranges; /* vCont;r */
	bool binary; /* gdb's `x` */
	uint64_t memory, line;
	char in[0x40000];
	size_t at, have;
	char reply[0x40000];
};

/* Connects to HOST:PORT or a path, and has the guest stopped. column: who it is, in the results. */
void open_server(struct server *s, const char *column, const char *server);

/* Sends a packet; ask() also waits for the answer, which is s->reply then. */
__attribute__((format(printf, 2, 3))) void tell(struct server *s, const char *format, ...);
__attribute__((format(printf, 2, 3))) void ask(struct server *s, const char *format, ...);

/* The next packet. */
void receive(struct server *s);

/* The guest runs, and is stopped as by gdb's Ctrl-C. */
void interrupt(struct server *s);

/* The answer begins with one of these characters, or the program ends and says what was tried. */
void expect(const struct server *s, const char *first, const char *what);

#endif
