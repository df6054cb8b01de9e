/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the bytes that the console has not taken yet. The descriptor is somebody else's as well, and is left as blocking as it is: it is
 * asked before each byte, and a write() that sleeps all the same ends by the signal of a kick.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a console that takes nothing is waited for, before a look whether there was a kick. */
#define WAIT_MS 50
#define ROOM_AT_FIRST 256

void output_open(struct output *c, int fd)
{
	*c = (struct output){ .fd = fd };
	pthread_mutex_init(&c->lock, NULL);
}

void output_close(struct output *c)
{
	pthread_mutex_destroy(&c->lock);
	free(c->bytes);
	c->bytes = NULL;
}

size_t output_waits(struct output *c)
{
	return atomic_load(&c->n);
}

/* For one more behind the last. */
static bool make_room(struct output *c)
{
	size_t room = c->room ? 2 * c->room : ROOM_AT_FIRST;
	uint8_t *bytes;

	if (c->first + c->n < c->room)
		return true;
	if (c->first > c->room / 2) {
		memmove(c->bytes, c->bytes + c->first, c->n);
		c->first = 0;
		return true;
	}
	bytes = realloc(c->bytes, room);
	if (!bytes)
		return false;
	c->bytes = bytes;
	c->room = room;
	return true;
}

/* A byte is lost that the descriptor refuses for an error, or that nobody is there for, as on a line that nobody listens to. */
static bool write_byte(int fd, uint8_t byte, int ms)
{
	struct pollfd console = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	if (poll(&console, 1, ms) <= 0)
		return false;
	if (console.revents & POLLHUP)
		return true;
	n = write(fd, &byte, 1);
	return n > 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

/* As many as are taken, in order: by one thread at a time. Waits for the first of them only. */
static void write_some(struct output *c, int ms)
{
	pthread_mutex_lock(&c->lock);
	while (!c->writing && c->n && c->fd >= 0) {
		uint8_t byte = c->bytes[c->first];
		int fd = c->fd;
		bool written;

		c->writing = true;
		pthread_mutex_unlock(&c->lock);
		written = write_byte(fd, byte, ms);
		pthread_mutex_lock(&c->lock);
		c->writing = false;
		if (!written)
			break;
		c->first = --c->n ? c->first + 1 : 0;
		ms = 0;
	}
	pthread_mutex_unlock(&c->lock);
}

void output_put(struct output *c, uint8_t byte)
{
	pthread_mutex_lock(&c->lock);
	if (c->fd >= 0 && make_room(c))
		c->bytes[c->first + c->n++] = byte;
	pthread_mutex_unlock(&c->lock);
	write_some(c, 0);
}

void output_to(struct output *c, int fd)
{
	pthread_mutex_lock(&c->lock);
	c->fd = fd;
	while (c->writing) {
		pthread_mutex_unlock(&c->lock);
		poll(NULL, 0, 1);
		pthread_mutex_lock(&c->lock);
	}
	if (fd < 0) {
		c->first = 0;
		c->n = 0;
	}
	pthread_mutex_unlock(&c->lock);
}

static bool somebody_writes(struct output *c)
{
	bool writing;

	pthread_mutex_lock(&c->lock);
	writing = c->writing;
	pthread_mutex_unlock(&c->lock);
	return writing;
}

bool output_drain(struct output *c, const atomic_bool *stop)
{
	while (output_waits(c)) {
		if (atomic_load(stop))
			return false;
		if (somebody_writes(c))
			poll(NULL, 0, 1);
		else
			write_some(c, WAIT_MS);
	}
	return true;
}
