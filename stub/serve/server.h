/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One debugger at a time on one machine. A server has no thread of its own: whoever polls server_fd() and calls server_dispatch() is the
 * watcher; vCPU threads serve a machine that is stopped, unless config.serves_self. It takes no signal, raises none, writes to no stream and
 * ends nothing: config.h has what it asks of its owner.
 *
 * Functions may be called by any thread at any time, but by none of config's functions, unless said otherwise.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>

#include "comm.h"
#include "config.h"

struct machine;
struct server;

/*
 * For a machine that is stopped or runs, which has no other server; NULL: config has a list. config is copied. 0; -ENOMEM, or -errno of a
 * descriptor.
 */
int server_open(struct server **server, struct machine *m, const struct server_config *config);

/*
 * server_disconnect(); then the machine has no server any more, and all is freed. No other thread is in a function of this server, nor
 * will be. NULL is allowed. In a child of fork(): its copies of descriptors and memory are given back, and the parent notices nothing.
 */
void server_close(struct server *s);

/*
 * Clients are awaited at HOST:PORT, :PORT (loopback; port 0: a free one) or unix:PATH (mode 0600), besides where they are already. The TCP
 * port, 0 for a Unix socket; or -errno, -EINVAL when it is no address, and a sentence in error. -ENFILE: at too many places.
 */
int server_listen(struct server *s, const char *address, char *error, size_t size);

/* The same by an open comm. 0, and the comm is the server's; or -ENFILE. */
int server_listen_on(struct server *s, const struct comm *comm);

/*
 * A stream socket that listens, or one that is connected to a client: the server has it from here on, also when this fails. -ENOTSOCK; -EBUSY:
 * there is a client.
 */
int server_serve(struct server *s, int fd);

/* A client that is connected by two descriptors, of any kind, and is served from its first byte on. By the thread of server_dispatch(). */
void server_talk(struct server *s, int in, int out);

/* Clients are awaited nowhere any more, and the paths of Unix sockets are gone. */
void server_unlisten(struct server *s);

/*
 * The client, and whoever else has connected, is parted from, and nothing of it is left in the guest, which goes on. Waits until that is
 * so. The work is done in server_dispatch(): on that function's thread, or when no thread has called it yet, this function calls it.
 */
void server_disconnect(struct server *s);

/* Is there a client? */
bool server_attached(const struct server *s);

/* Is all over? See config.ends. server_dispatch() does nothing more then but to part from everybody. */
bool server_is_over(const struct server *s);

/* To be polled for POLLIN, level-triggered, and not to be read; the same from open to close. */
int server_fd(const struct server *s);

/*
 * Does what there is to do now; always by one thread. It waits for up to wait_ms first until there is something (0: not at all, -1: for ever).
 * With config.serves_self, and in non-stop, it takes as long as a packet takes to be answered.
 */
void server_dispatch(struct server *s, int wait_ms);

#endif
