/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection between one client and a machine: what serve.c, watch.c and server.c share. Who may touch the session and the link is
 * told in run/vcpu.h: the baton's holder. That is a vCPU thread while the machine is stopped, or the watcher where vCPU threads do
 * not serve (functions serve_*); and the watcher, which is the thread of server_dispatch(), while the machine runs (functions watch_*).
 */
#ifndef SERVE_CONNECTION_H
#define SERVE_CONNECTION_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "../machine/open.h"
#include "../rsp/session.h"
#include "comm.h"
#include "config.h"
#include "link.h"
#include "lobby.h"
#include "sources.h"
#include "wake.h"

#define CONNECTION_LISTENERS 8

/* What has become of the client. Only client_becomes() and locked_admit() change it. */
enum client {
	CLIENT_NONE, /* there is no client: who comes next will be */
	CLIENT_HERE, /* the client is served */
	CLIENT_GOES, /* the watcher saw the client go: the machine is being stopped, to have the client's breakpoints and the like taken out */
	CLIENT_LEFT, /* nothing of the client is left in the guest; the watcher has to close the client's descriptors yet */
	CLIENT_OVER  /* the owner has said that all is over: there is no client any more, nor will be */
};

struct server {
	struct machine *machine; /* NULL: none of the list. The watcher's to change */
	struct server_config config;
	struct target target;
	struct session session;
	struct link link;
	struct wake wake;
	int sources;
	pid_t process; /* which has opened the server */

	/* Guards what follows, up to the lobby. Held only to look and to change, and by server_dispatch() to hear those in the lobby. */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* the client */
	_Atomic enum client client;
	pthread_t watcher;  /* whoever was in server_dispatch() last ... */
	bool watched;	    /* ... if anybody was */
	bool disconnects;   /* ... for server_disconnect(), as nobody had been: whoever comes meanwhile waits */
	atomic_bool parted; /* by server_disconnect(): the guest goes on, however the client goes */
	atomic_bool parts;  /* nothing of the client is left in the machine of the list: the watcher is to leave it */
	struct comm listeners[CONNECTION_LISTENERS];
	unsigned nlisteners;
	struct lobby lobby;

	/* The baton's holder's. */
	bool quick; /* a vCPU thread that is somebody else's: it answers what is served in no time, and leaves the rest */
	bool told;  /* the client was told of the stop, by such a one that serves no more */

	/* The watcher's. */
	bool holds;	       /* the watcher has the baton of a stopped machine */
	bool deaf;	       /* nobody is accepted before the next tick */
	bool heard;	       /* the client may have said something, or have gone */
	bool sure;	       /* the client has said something: no vCPU thread can have taken what the client said */
	bool ticked;	       /* the look is one that was due anyway */
	unsigned quiet;	       /* looks without a running machine */
	struct pollfd awaited; /* the client, when the watcher is to hear it at once */
	struct pollfd asked;   /* awaited, as it was last told to the sources */
};

/* notify_fn: how soon has the watcher to look? */
void server_notify(void *server, bool soon);

void client_becomes(struct server *s, enum client client);

/* With the lock: a fresh session on these descriptors, on which the client has said n bytes already. */
void locked_admit(struct server *s, int in, int out, const void *begun, size_t n);

/* Does the client choose from a list? Then a machine that the client leaves is left. */
static inline bool serves_list(const struct server *s)
{
	return s->config.list;
}

/* Is there a client, be it one that is going? */
static inline bool client_is_here(const struct server *s)
{
	enum client client = atomic_load(&s->client);

	return client == CLIENT_HERE || client == CLIENT_GOES;
}

/* What the session has for the client. */
void connection_send(void *server, const void *bytes, size_t n);

/* A packet, readable. */
void connection_trace(void *server, const char *line);

/*
 * What the client has said, up to where the session's state changes. A client that does not read what it is answered is not heard, but
 * where its thread waits for it.
 */
enum session_state connection_digest(struct server *s);

/* What the guest's breakpoints have printed meanwhile, to the client's console. False: nothing. */
bool connection_tell(struct server *s);

/* Does the owner say that all is over? Then, with `linger`, what was sent is given a moment to arrive; and nobody is served any more. */
bool connection_ends(struct server *s, enum server_event event, int code, bool linger);

#endif
