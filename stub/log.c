/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for standard error, from threads that must not wait for it. See log.h. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define LINE_SIZE 1024
#define PIECE_SIZE 0x4000
#define ESCAPED 4 /* "\x1b" */
#define LOST_SIZE 100

static struct timespec patience_ends(void)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += LOG_PATIENCE_MS * 1000000l;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	return end;
}

static void locked_put(struct log *l, const char *bytes, size_t n)
{
	size_t at = (l->begin + l->have) % LOG_SIZE, first = n < LOG_SIZE - at ? n : LOG_SIZE - at;

	memcpy(l->ring + at, bytes, first);
	memcpy(l->ring, bytes + first, n - first);
	l->have += n;
	pthread_cond_signal(&l->some);
}

/* All of it finds room, or none. */
static void locked_take(struct log *l, const char *bytes, size_t n)
{
	struct timespec end = patience_ends();
	char told[LOST_SIZE];
	int err = 0;

	while (!l->stuck && !err && LOG_SIZE - l->have < n + LOST_SIZE)
		err = pthread_cond_timedwait(&l->room, &l->lock, &end);
	if (LOG_SIZE - l->have < n + LOST_SIZE) {
		l->stuck = true;
		l->lost += n;
		return;
	}
	if (l->lost) {
		locked_put(l, told,
			(size_t)snprintf(told, sizeof(told), "kvm-gdbserver: standard error was not read: %zu bytes are lost\n",
				l->lost));
		l->lost = 0;
	}
	locked_put(l, bytes, n);
}

static size_t make_printable(char *to, const char *from, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if ((from[i] >= ' ' && from[i] <= '~') || from[i] == '\n' || from[i] == '\t')
			to[len++] = from[i];
		else
			len += (size_t)sprintf(to + len, "\\x%02x", (unsigned char)from[i]);
	}
	return len;
}

void log_text(struct log *l, const char *text)
{
	char bytes[LINE_SIZE * ESCAPED + 1];

	pthread_mutex_lock(&l->lock);
	while (*text) {
		size_t n = strnlen(text, LINE_SIZE);

		locked_take(l, bytes, make_printable(bytes, text, n));
		text += n;
	}
	pthread_mutex_unlock(&l->lock);
}

void log_line(struct log *l, const char *format, ...)
{
	static const char name[] = "kvm-gdbserver: ";
	char line[LINE_SIZE];
	va_list ap;

	strcpy(line, name);
	va_start(ap, format);
	vsnprintf(line + sizeof(name) - 1, sizeof(line) - sizeof(name), format, ap);
	va_end(ap);
	log_text(l, strcat(line, "\n"));
}

/* Somebody may have made it one that does not wait. A stream that is broken takes everything. */
static size_t write_some(int fd, const char *bytes, size_t n)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	ssize_t sent = write(fd, bytes, n);

	if (sent < 0 && errno == EAGAIN)
		poll(&ready, 1, -1);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return sent < 0 ? n : (size_t)sent;
}

static void *log_main(void *arg)
{
	struct log *l = arg;

	pthread_mutex_lock(&l->lock);
	for (;;) {
		size_t n = l->have < LOG_SIZE - l->begin ? l->have : LOG_SIZE - l->begin;

		n = n < PIECE_SIZE ? n : PIECE_SIZE;
		if (!n) {
			pthread_cond_wait(&l->some, &l->lock);
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		n = write_some(l->fd, l->ring + l->begin, n);
		pthread_mutex_lock(&l->lock);
		l->begin = (l->begin + n) % LOG_SIZE;
		l->have -= n;
		l->stuck &= !n;
		pthread_cond_broadcast(&l->room);
	}
	return NULL;
}

int log_open(struct log *l, int fd)
{
	pthread_condattr_t steady;
	pthread_t thread;
	int err;

	l->fd = fd;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&l->some, NULL);
	pthread_cond_init(&l->room, &steady);
	pthread_condattr_destroy(&steady);
	err = pthread_create(&thread, NULL, log_main, l);
	if (!err)
		pthread_detach(thread);
	return -err;
}

void log_drain(struct log *l)
{
	struct timespec end = patience_ends();
	int err = 0;

	pthread_mutex_lock(&l->lock);
	while (l->have && !l->stuck && !err)
		err = pthread_cond_timedwait(&l->room, &l->lock, &end);
	l->stuck |= err != 0;
	pthread_mutex_unlock(&l->lock);
}

void log_trace(void *log, const char *line)
{
	char text[0x400];

	snprintf(text, sizeof(text), "%s\n", line);
	log_text(log, text);
}

void log_sentence(void *log, const char *sentence)
{
	log_line(log, "%s", sentence);
}
