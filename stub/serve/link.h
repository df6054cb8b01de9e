/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of one client: what the client has said and nobody has taken yet, what the client was sent and has not taken yet. Used by one thread
 * at a time, the one that serves the client. Knows nothing of packets.
 */
#ifndef SERVE_LINK_H
#define SERVE_LINK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A client that takes nothing for so long of what it was sent has gone. */
#define LINK_PATIENCE_MS 10000

/* When more bytes than that wait for a client, nothing is done for the client before it has read some. */
#define LINK_FULL 0x40000

struct link {
	int in, out;	/* may be one socket; what else out is does not wait (O_NONBLOCK) */
	bool waits;	/* link_send() waits until the client has taken all: the calling thread has nothing else to do */
	bool broken;	/* nothing comes or goes any more */
	bool is_socket; /* out is */
	int parted;	/* in is no socket: readable when nothing more is to come from the client; else -1 */
	uint8_t input[0x10000];
	size_t have; /* bytes in input */

	char *queue; /* what out has not taken */
	size_t queued, room;
	int64_t taken_ms; /* when the client has last taken something, or the queue began */
};

/* Before the first client: there is none. */
void link_init(struct link *l);

/* After the last one: what is kept, and the descriptors if there are any. */
void link_close(struct link *l);

/* begun: the n bytes that the client has said already; at most sizeof(input). What an earlier client left is dropped. */
void link_open(struct link *l, int in, int out, const void *begun, size_t n);

/* What is not sent at once is kept, and sent by the next call, or by link_flush(). */
void link_send(struct link *l, const void *bytes, size_t n);
void link_flush(struct link *l);

/* Waits for more of what the client says, and puts it into input, if there is room. False when the client has gone. */
bool link_receive(struct link *l);

/* From any thread: nothing more comes from the client, and whoever waits for that does not wait any longer. */
void link_part(const struct link *l);

/*
 * What to wait for: that the client can take something, when something is queued or there is more; and that the client says something, when
 * there is room.
 */
struct pollfd link_poll(const struct link *l, bool more);

/* Nothing more is to come from the client but what it has said already, which may not have been heard. */
bool link_is_cut(const struct link *l);

/* The first n bytes of input have been taken. */
void link_took(struct link *l, size_t n);

/* What was sent arrives only if the connection is not torn down under it: waits a moment for the client to be gone. */
void link_linger(struct link *l);

#endif
