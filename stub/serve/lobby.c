/* SPDX-License-Identifier: BSD-2-Clause */
/* Who of those who connect is a client. See lobby.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lobby.h"
#include "ready.h"
#include "sources.h"

#define PATIENCE_MS 1000 /* for a client that is leaving to be gone, when the next one is there */

void lobby_open(struct lobby *l, int sources, const struct server_config *config)
{
	l->sources = sources;
	l->config = config;
	l->n = 0;
	l->parting = -1;
}

void lobby_part(struct lobby *l, int fd)
{
	shutdown(fd, SHUT_WR);
	if (l->parting >= 0)
		close(l->parting);
	l->parting = fd;
}

static void ignore(struct lobby *l, const struct caller *c)
{
	if (!c->client_ms)
		sources_remove(l->sources, c->fd);
}

void lobby_leave(struct lobby *l, struct caller *c)
{
	ignore(l, c);
	l->n--;
	memmove(c, c + 1, (size_t)(l->caller + l->n - c) * sizeof(*c));
}

void lobby_turn_away(struct lobby *l, struct caller *c)
{
	int fd = c->fd;

	lobby_leave(l, c);
	close(fd);
}

void lobby_close(struct lobby *l)
{
	while (l->n)
		lobby_turn_away(l, l->caller);
	if (l->parting >= 0)
		close(l->parting);
	l->parting = -1;
}

void lobby_enter(struct lobby *l, int fd)
{
	struct caller *c;

	if (l->n == LOBBY_CALLERS) {
		for (c = l->caller; c < l->caller + LOBBY_CALLERS - 1 && c->client_ms; c++)
			;
		lobby_turn_away(l, c);
	}
	c = &l->caller[l->n++];
	c->fd = fd;
	c->client_ms = 0;
	c->have = 0;
	sources_add(l->sources, fd, SOURCE_CALLER, POLLIN, false);
}

/* Is there a packet? How much of what was said is a debugger's: all, or what is in front of the first byte that is not. */
static size_t look_through(struct lobby *l, const struct caller *c, bool *packet)
{
	*packet = false;
	packet_reader_init(&l->reader);
	for (size_t i = 0; i < c->have; i++) {
		enum packet_event event = packet_feed(&l->reader, c->bytes[i]);

		*packet |= event == PACKET_WHOLE;
		if (event == PACKET_FOREIGN)
			return i;
	}
	return c->have;
}

/* False when the caller is to go. */
static bool judge(struct lobby *l, struct caller *c)
{
	bool packet;
	size_t good = look_through(l, c, &packet);
	char text[256];

	if (good < c->have) {
		packet_tell_foreign(c->bytes + good, c->have - good, text, sizeof(text));
		config_log(l->config, SERVER_WARNING, "refused: %s", text);
		return false;
	}
	if (c->have == sizeof(c->bytes)) {
		config_log(
			l->config, SERVER_WARNING, "refused: a connection that begins with more than a packet; it is closed");
		return false;
	}
	if (packet) {
		ignore(l, c);
		c->client_ms = now_ms();
	}
	return true;
}

static bool hear(struct lobby *l, struct caller *c)
{
	ssize_t n = recv(c->fd, c->bytes + c->have, sizeof(c->bytes) - c->have, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	c->have += (size_t)n;
	return judge(l, c);
}

void lobby_hear(struct lobby *l)
{
	for (unsigned i = 0; i < l->n;) {
		struct caller *c = &l->caller[i];

		if (c->client_ms || !readable(c->fd, 0) || hear(l, c))
			i++;
		else
			lobby_turn_away(l, c);
	}
}

static struct caller *find_client(struct lobby *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->caller[i].client_ms)
			return &l->caller[i];
	return NULL;
}

/* The caller has sent a packet, so this is that packet's answer. */
static void refuse(struct lobby *l, struct caller *c)
{
	static const char busy[] = "+$E.another debugger is connected#98";

	if (send(c->fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		config_log(l->config, SERVER_WARNING, "a second debugger was not told that it is one: %s", strerror(errno));
	lobby_part(l, c->fd);
	lobby_leave(l, c);
}

struct caller *lobby_next(struct lobby *l, bool busy, bool *waiting)
{
	struct caller *c = find_client(l);

	*waiting = false;
	while (c && busy && !*waiting) {
		*waiting = now_ms() - c->client_ms < PATIENCE_MS;
		if (!*waiting) {
			refuse(l, c);
			c = find_client(l);
		}
	}
	return busy ? NULL : c;
}
