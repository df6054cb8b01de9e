/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending without waiting, and receiving. See link.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link.h"
#include "ready.h"

/* One answer is a packet; a command's text may be many. More for a client that does not read is no use to anybody. */
#define QUEUE_MAX 0x1000000

#define LINGER_MS 1000

void link_init(struct link *l)
{
	memset(l, 0, sizeof(*l));
	l->in = l->out = l->parted = -1;
}

void link_close(struct link *l)
{
	if (l->out >= 0 && l->out != l->in)
		close(l->out);
	if (l->in >= 0)
		close(l->in);
	if (l->parted >= 0)
		close(l->parted);
	free(l->queue);
	link_init(l);
}

static bool is_socket(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

void link_open(struct link *l, int in, int out, const void *begun, size_t n)
{
	if (l->parted >= 0)
		close(l->parted);
	l->in = in;
	l->out = out;
	l->waits = l->broken = false;
	l->is_socket = is_socket(out);
	l->parted = is_socket(in) ? -1 : eventfd(0, EFD_CLOEXEC);
	if (n)
		memcpy(l->input, begun, n);
	l->have = n;
	l->queued = 0;
}

static void cut_off(struct link *l)
{
	l->broken = true;
	l->queued = 0;
	shutdown(l->out, SHUT_RDWR);
}

/* How many of the bytes have gone, 0 when there is no room now. */
static size_t send_now(struct link *l, const char *bytes, size_t n)
{
	ssize_t sent;

	do
		sent = l->is_socket ? send(l->out, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) : write(l->out, bytes, n);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return (size_t)sent;
	if (errno != EAGAIN)
		cut_off(l);
	return 0;
}

static void keep(struct link *l, const char *bytes, size_t n)
{
	if (!l->queued)
		l->taken_ms = now_ms();
	if (n > l->room - l->queued) {
		size_t room = l->queued + n + l->room;
		char *queue = room > QUEUE_MAX ? NULL : realloc(l->queue, room);

		if (!queue) {
			cut_off(l);
			return;
		}
		l->queue = queue;
		l->room = room;
	}
	memcpy(l->queue + l->queued, bytes, n);
	l->queued += n;
}

void link_flush(struct link *l)
{
	size_t sent = l->queued ? send_now(l, l->queue, l->queued) : 0;

	if (!l->queued)
		return;
	memmove(l->queue, l->queue + sent, l->queued - sent);
	l->queued -= sent;
	if (sent)
		l->taken_ms = now_ms();
	else if (now_ms() - l->taken_ms >= LINK_PATIENCE_MS)
		cut_off(l);
}

void link_send(struct link *l, const void *bytes, size_t n)
{
	size_t sent;

	if (l->broken)
		return;
	link_flush(l);
	sent = l->queued ? 0 : send_now(l, bytes, n);
	if (sent < n && !l->broken)
		keep(l, (const char *)bytes + sent, n - sent);
	while (l->waits && l->queued) {
		writable(l->out, LINK_PATIENCE_MS);
		link_flush(l);
	}
}

/* A pipe or a terminal cannot be shut down under whoever reads it. */
void link_part(const struct link *l)
{
	if (l->parted < 0)
		shutdown(l->in, SHUT_RDWR);
	else
		eventfd_write(l->parted, 1);
}

/* Waits until there is something to be read, or the end. False: nothing more is to come. */
static bool await(const struct link *l)
{
	struct pollfd fds[] = { { .fd = l->in, .events = POLLIN }, { .fd = l->parted, .events = POLLIN } };

	while (l->parted >= 0 && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return !fds[1].revents;
}

bool link_receive(struct link *l)
{
	ssize_t n = -1;

	if (l->have == sizeof(l->input))
		return !l->broken;
	while (n < 0 && !l->broken && await(l)) {
		n = read(l->in, l->input + l->have, sizeof(l->input) - l->have);
		if (n < 0 && errno == EAGAIN)
			readable(l->in, -1);
		else if (n < 0 && errno != EINTR)
			break;
	}
	if (n <= 0)
		return false;
	l->have += (size_t)n;
	return true;
}

void link_took(struct link *l, size_t n)
{
	memmove(l->input, l->input + n, l->have - n);
	l->have -= n;
}

/* Where in and out are two, the one for which the other has to wait. */
struct pollfd link_poll(const struct link *l, bool more)
{
	bool takes = more || l->queued > 0, says = l->queued < LINK_FULL;

	if (takes && (!says || l->out != l->in))
		return (struct pollfd){ .fd = l->out, .events = POLLOUT };
	return (struct pollfd){ .fd = l->in, .events = (short)(POLLIN | (takes ? POLLOUT : 0)) };
}

bool link_is_cut(const struct link *l)
{
	struct pollfd p[] = { { .fd = l->in, .events = POLLRDHUP }, { .fd = l->parted, .events = POLLIN } };

	return poll(p, 2, 0) > 0;
}

void link_linger(struct link *l)
{
	int64_t end = now_ms() + LINGER_MS;
	char rest[256];

	shutdown(l->out, SHUT_WR);
	while (now_ms() < end && readable(l->in, end - now_ms()) && read(l->in, rest, sizeof(rest)) > 0)
		;
}
