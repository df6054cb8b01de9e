/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of the client, what the client says and what the client is sent. See connection.h. */
#include "../rsp/input.h"
#include "../rsp/unasked.h"
#include "../run/threads.h"
#include "connection.h"

void server_notify(void *server, bool soon)
{
	struct server *s = server;

	(soon ? wake_soon : wake_now)(&s->wake);
}

void client_becomes(struct server *s, enum client client)
{
	pthread_mutex_lock(&s->lock);
	if (s->client != CLIENT_OVER)
		atomic_store(&s->client, client);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	(client == CLIENT_LEFT ? wake_soon : wake_now)(&s->wake);
}

void locked_admit(struct server *s, int in, int out, const void *begun, size_t n)
{
	link_open(&s->link, in, out, begun, n);
	session_init(&s->session, connection_send, s);
	if (serves_list(s))
		session_offer(&s->session, s->config.list);
	else
		session_attach(&s->session, &s->target);
	if (s->config.trace)
		session_trace(&s->session, connection_trace, s);
	atomic_store(&s->parted, false);
	atomic_store(&s->client, CLIENT_HERE);
}

void connection_send(void *server, const void *bytes, size_t n)
{
	struct server *s = server;

	link_send(&s->link, bytes, n);
}

/* A client that goes away, or comes back, is heard on by the same thread. */
static bool goes_on(enum session_state before, enum session_state now)
{
	return now == before || (session_stands(now) && session_stands(before));
}

/* The next packet, or what there is of it; how many bytes. */
static size_t digest_one(struct server *s, const uint8_t *bytes, size_t n)
{
	if (s->quick && !session_is_quick(&s->session, bytes, n))
		return 0;
	return session_input(&s->session, bytes, n);
}

enum session_state connection_digest(struct server *s)
{
	enum session_state before = s->session.state;
	size_t used = 0, n;

	do {
		n = digest_one(s, s->link.input + used, s->link.have - used);
		used += n;
	} while (n && goes_on(before, s->session.state) && s->link.queued < LINK_FULL);
	link_took(&s->link, used);
	return s->session.state;
}

bool connection_tell(struct server *s)
{
	char text[GUEST_TEXT_MAX + 1];

	if (!threads_text(&s->machine->guest, text))
		return false;
	session_print(&s->session, text);
	return true;
}

bool connection_ends(struct server *s, enum server_event event, int code, bool linger)
{
	if (!config_ends(&s->config, event, code))
		return false;
	if (linger)
		link_linger(&s->link);
	client_becomes(s, CLIENT_OVER);
	return true;
}

void connection_trace(void *server, const char *line)
{
	struct server *s = server;

	config_log(&s->config, SERVER_DEBUG, "%s", line);
}
