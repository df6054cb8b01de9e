/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens and closes a server, listens, and looks at all that may have happened. See server.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../machine/ops.h"
#include "../run/baton.h"
#include "serve.h"
#include "server.h"
#include "watch.h"

#define TICK_MS 50
#define LEAVE_TICK_MS 5 /* while somebody waits for the client to be gone */

/* Opening */

static int open_sources(struct server *s)
{
	const int fds[] = { [SOURCE_EVENT] = s->wake.event, [SOURCE_TIMER] = s->wake.timer, [SOURCE_TICK] = s->wake.tick };
	int err = 0;

	s->sources = sources_open();
	if (s->sources < 0)
		return s->sources;
	for (enum source kind = SOURCE_EVENT; kind <= SOURCE_TICK && !err; kind++)
		err = sources_add(s->sources, fds[kind], kind, POLLIN, false);
	if (err)
		close(s->sources);
	return err;
}

int server_open(struct server **server, struct machine *m, const struct server_config *config)
{
	struct server *s = calloc(1, sizeof(*s));
	int err = s ? wake_open(&s->wake) : -ENOMEM;

	if (!err) {
		err = open_sources(s);
		if (err)
			wake_close(&s->wake);
	}
	if (err) {
		free(s);
		return err;
	}
	s->process = getpid();
	s->machine = m;
	s->config = *config;
	if (m)
		s->target = machine_target(m);
	s->target.foreign = config->foreign;
	s->target.launched = config->launched;
	s->awaited.fd = s->asked.fd = -1;
	link_init(&s->link);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	lobby_open(&s->lobby, s->sources, &s->config);
	if (m)
		machine_set_server(m, serve_by(s), server_notify, s);
	*server = s;
	return 0;
}

/* In the process that has opened the server: nobody is left who could call it. */
static void retire(struct server *s)
{
	server_unlisten(s);
	s->watched = false;
	server_disconnect(s);
	if (s->machine)
		machine_set_server(s->machine, NULL, NULL, NULL);
}

/* In a child of fork() the client, the sources, names of sockets and the machine are the parent's, and its threads are not there. */
static void forget(struct server *s)
{
	s->lobby.sources = -1;
	for (unsigned i = 0; i < s->nlisteners; i++)
		comm_forget(&s->listeners[i]);
}

void server_close(struct server *s)
{
	if (!s)
		return;
	if (s->process == getpid())
		retire(s);
	else
		forget(s);
	lobby_close(&s->lobby);
	link_close(&s->link);
	wake_close(&s->wake);
	close(s->sources);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* Listening */

int server_listen_on(struct server *s, const struct comm *comm)
{
	int err;

	pthread_mutex_lock(&s->lock);
	err = s->nlisteners == CONNECTION_LISTENERS ? -ENFILE : 0;
	if (!err && !s->deaf)
		err = sources_add(s->sources, comm->listener, SOURCE_LISTENER, POLLIN, false);
	if (!err)
		s->listeners[s->nlisteners++] = *comm;
	pthread_mutex_unlock(&s->lock);
	return err;
}

int server_listen(struct server *s, const char *address, char *error, size_t size)
{
	struct comm comm;
	int err = comm_open(&comm, address, error, size);

	if (err)
		return err;
	err = server_listen_on(s, &comm);
	if (!err)
		return comm.port;
	comm_close(&comm);
	snprintf(error, size, "%s: there are too many places already", address);
	return err;
}

void server_unlisten(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < s->nlisteners; i++) {
		sources_remove(s->sources, s->listeners[i].listener);
		comm_close(&s->listeners[i]);
	}
	s->nlisteners = 0;
	pthread_mutex_unlock(&s->lock);
}

static int enter_lobby(struct server *s, int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	int err = getpeername(fd, (struct sockaddr *)&peer, &size) ? -ENOTSOCK : 0;

	pthread_mutex_lock(&s->lock);
	if (!err && atomic_load(&s->client) != CLIENT_NONE)
		err = -EBUSY;
	if (!err) {
		comm_tune(fd);
		lobby_enter(&s->lobby, fd);
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

int server_serve(struct server *s, int fd)
{
	struct comm comm;
	int err = comm_take(&comm, fd) ? server_listen_on(s, &comm) : enter_lobby(s, fd);

	if (err)
		close(fd);
	return err;
}

void server_talk(struct server *s, int in, int out)
{
	pthread_mutex_lock(&s->lock);
	locked_admit(s, in, out, NULL, 0);
	pthread_mutex_unlock(&s->lock);
	watch_welcome(s);
	wake_now(&s->wake); /* nobody else hears a client that has no machine yet */
}

/* When there are no descriptors left, nobody is accepted for a while. */
static void set_deaf(struct server *s, bool deaf)
{
	if (deaf == s->deaf)
		return;
	s->deaf = deaf;
	for (unsigned i = 0; i < s->nlisteners; i++) {
		if (deaf)
			sources_remove(s->sources, s->listeners[i].listener);
		else
			sources_add(s->sources, s->listeners[i].listener, SOURCE_LISTENER, POLLIN, false);
	}
}

static void accept_callers(struct server *s)
{
	for (unsigned i = 0; i < s->nlisteners && !s->deaf; i++) {
		int fd = comm_accept(&s->listeners[i]);

		if (fd >= 0)
			lobby_enter(&s->lobby, fd);
		else if (fd != -EAGAIN)
			set_deaf(s, true);
	}
}

/* Looking */

/* A client that is always ready, as a file is, is looked at again and again. */
static void await_client(struct server *s, struct pollfd awaited)
{
	bool again = awaited.fd == s->asked.fd;

	if (again && awaited.events == s->asked.events)
		return;
	if (!again && s->asked.fd >= 0)
		sources_remove(s->sources, s->asked.fd);
	s->asked = awaited;
	if (awaited.fd >= 0 && sources_add(s->sources, awaited.fd, SOURCE_CLIENT, awaited.events, again)) {
		s->asked.fd = -1;
		wake_now(&s->wake);
	}
}

/* Is no vCPU's thread serving any more? If one is, it is looked for again. */
static bool is_back(struct server *s)
{
	bool back = !s->machine || !baton_is_taken(&s->machine->guest);

	if (!back)
		wake_soon(&s->wake);
	return back;
}

/* The machine of the list is left, when the client has parted from it. */
static void reap_machine(struct server *s)
{
	struct machine *m = s->machine;

	if (!atomic_load(&s->parts) || !is_back(s))
		return;
	machine_set_server(m, NULL, NULL, NULL);
	s->machine = NULL;
	atomic_store(&s->parts, false);
	s->config.detach(s->config.arg, m);
}

/*
 * The client has left: its descriptors are closed, its place is free. The next client will stop the guest. So the place is not free before the
 * guest goes on, if it is to: which is when the vCPU's thread is back from serving.
 */
static void reap_client(struct server *s)
{
	if (atomic_load(&s->client) != CLIENT_LEFT)
		return;
	reap_machine(s);
	if (atomic_load(&s->parts) || !is_back(s))
		return;
	if (serves_list(s) && connection_ends(s, SERVER_LEFT, 0, true))
		return;
	await_client(s, (struct pollfd){ .fd = -1 });
	lobby_part(&s->lobby, s->link.in);
	if (s->link.out != s->link.in)
		close(s->link.out);
	s->link.in = s->link.out = -1;
	if (s->config.client)
		s->config.client(s->config.arg, false);
	client_becomes(s, CLIENT_NONE);
}

/* Hears those who have connected. True while one of them waits for the client to be gone. */
static bool look_into_lobby(struct server *s, bool calls)
{
	struct caller *c;
	bool waiting;

	pthread_mutex_lock(&s->lock);
	if (calls)
		accept_callers(s);
	lobby_hear(&s->lobby);
	c = lobby_next(&s->lobby, atomic_load(&s->client) != CLIENT_NONE, &waiting);
	if (c) {
		locked_admit(s, c->fd, c->fd, c->bytes, c->have);
		lobby_leave(&s->lobby, c);
	}
	pthread_mutex_unlock(&s->lock);
	if (c)
		watch_welcome(s);
	return waiting;
}

/*
 * How often is the watcher to look, though nothing happens? A guest that stands needs no look; but the tick goes on to its next time, or each
 * step would stop it and start it again.
 */
static int tick_of(const struct server *s, bool leaving)
{
	if (leaving)
		return LEAVE_TICK_MS;
	if (s->deaf)
		return TICK_MS;
	if (!client_is_here(s) || atomic_load(&s->wake.dozing))
		return 0;
	if (!s->machine && !s->link.queued)
		return 0;
	if (s->holds && !s->link.queued)
		return s->ticked ? 0 : s->wake.tick_ms;
	return TICK_MS;
}

static void begin_look(struct server *s, const short ready[SOURCES])
{
	pthread_mutex_lock(&s->lock);
	while (s->disconnects && !pthread_equal(s->watcher, pthread_self()))
		pthread_cond_wait(&s->changed, &s->lock);
	s->watcher = pthread_self();
	s->watched = true;
	if (ready[SOURCE_TICK])
		set_deaf(s, false);
	pthread_mutex_unlock(&s->lock);
	wake_heard(&s->wake, ready[SOURCE_TIMER], ready[SOURCE_TICK]);
	s->ticked = ready[SOURCE_TICK];
	s->heard = s->asked.fd != s->link.in || ready[SOURCE_CLIENT] & ~POLLOUT;
	s->sure = s->config.serves_self && (s->holds || !s->config.begins) && s->asked.fd == s->link.in &&
		  ready[SOURCE_CLIENT] & POLLIN;
}

/* Nobody is served any more: nothing is to be ready again, whoever calls. */
static void end_all(struct server *s)
{
	await_client(s, (struct pollfd){ .fd = -1 });
	wake_each(&s->wake, 0);
	server_unlisten(s);
	pthread_mutex_lock(&s->lock);
	lobby_close(&s->lobby);
	pthread_mutex_unlock(&s->lock);
	link_close(&s->link);
}

void server_dispatch(struct server *s, int wait_ms)
{
	short ready[SOURCES];
	bool leaving;

	sources_ready(s->sources, ready, server_is_over(s) ? 0 : wait_ms);
	begin_look(s, ready);
	if (server_is_over(s)) {
		end_all(s);
		return;
	}
	reap_machine(s);
	reap_client(s);
	leaving = look_into_lobby(s, ready[SOURCE_LISTENER]);
	watch_client(s);
	reap_client(s);
	await_client(s, s->awaited);
	wake_each(&s->wake, tick_of(s, leaving));
}

/* Parting */

static bool is_left(const struct server *s)
{
	enum client client = atomic_load(&s->client);

	return client == CLIENT_NONE || client == CLIENT_OVER;
}

/* Whoever reads what the client says, a vCPU thread or the watcher, reads the end of it. */
static void locked_part(struct server *s)
{
	while (s->lobby.n)
		lobby_turn_away(&s->lobby, s->lobby.caller);
	if (is_left(s))
		return;
	atomic_store(&s->parted, true);
	link_part(&s->link);
}

/* Is it this thread that is to call server_dispatch()? One that begins to do so meanwhile waits. */
static bool locked_disconnects(struct server *s)
{
	if (s->watched)
		return pthread_equal(s->watcher, pthread_self());
	s->watcher = pthread_self();
	s->disconnects = true;
	return true;
}

static void locked_has_disconnected(struct server *s)
{
	if (!s->disconnects)
		return;
	s->disconnects = s->watched = false;
	pthread_cond_broadcast(&s->changed);
}

void server_disconnect(struct server *s)
{
	bool dispatches;

	pthread_mutex_lock(&s->lock);
	locked_part(s);
	dispatches = locked_disconnects(s);
	while (!dispatches && !is_left(s))
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (!dispatches)
		return;
	while (!is_left(s))
		server_dispatch(s, TICK_MS);
	pthread_mutex_lock(&s->lock);
	locked_has_disconnected(s);
	pthread_mutex_unlock(&s->lock);
}

bool server_attached(const struct server *s)
{
	return client_is_here(s);
}

bool server_is_over(const struct server *s)
{
	return atomic_load(&s->client) == CLIENT_OVER;
}

int server_fd(const struct server *s)
{
	return s->sources;
}
