/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those who have connected and not yet shown that they are debuggers: a port scan, an IDE that waits for the port, a web browser. A
 * connection is a client's from its first packet on, and until then it stops no guest and keeps nobody out.
 */
#ifndef SERVE_LOBBY_H
#define SERVE_LOBBY_H

#include "../rsp/session.h"
#include "config.h"

#define LOBBY_CALLERS 8

/*
 * A debugger waits for the answer to its first packet. A browser does not, and what it sends fits into no segment of TCP's so small: so all
 * of the browser's first line is here before anything is answered, and is seen to be no packet.
 */
#define LOBBY_FIRST 1024

struct caller {
	int fd;
	int64_t client_ms; /* when the caller had sent its first packet; 0: it has not */
	size_t have;
	uint8_t bytes[LOBBY_FIRST];
};

struct lobby {
	int sources; /* a caller is among these until it has sent a packet */
	const struct server_config *config;
	int parting; /* a socket whose client was told good-bye: closed when the next one parts, so that the word arrives; -1: none */
	unsigned n;
	struct caller caller[LOBBY_CALLERS]; /* the oldest one first */
	struct packet_reader reader;
};

void lobby_open(struct lobby *l, int sources, const struct server_config *config);

/* All who are there are gone. */
void lobby_close(struct lobby *l);

/* Takes in who has connected by this descriptor, which is the lobby's. When there is no room, a caller that has said nothing has to go. */
void lobby_enter(struct lobby *l, int fd);

/* What callers have said. Those who cannot be debuggers are told of in the log, and are gone. */
void lobby_hear(struct lobby *l);

/*
 * The next caller to be a client; NULL when there is none, or while there is a client (busy). That client may be on its way out: so the caller
 * waits a moment, and is then told that it has come too late. waiting: a caller waits.
 */
struct caller *lobby_next(struct lobby *l, bool busy, bool *waiting);

/* This caller is in the lobby no more; its descriptor is whoever's calls. */
void lobby_leave(struct lobby *l, struct caller *c);

/* This caller is gone. */
void lobby_turn_away(struct lobby *l, struct caller *c);

/* No more is said to this client, who can still read what was. The descriptor is the lobby's. */
void lobby_part(struct lobby *l, int fd);

#endif
