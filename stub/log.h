/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is told to whoever runs the server, on standard error, made printable: much of it is in the words of a client, or of the guest.
 * Nobody waits for a terminal that is stopped or a pipe that is not read: a thread does the writing, and what finds no room is lost,
 * which is said as soon as it can be.
 */
#ifndef LOG_H
#define LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_SIZE 0x100000
#define LOG_PATIENCE_MS 100

struct log {
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t some, room; /* there is something to be written; there is room again */
	size_t begin, have;	   /* of what waits in ring */
	size_t lost;		   /* bytes, since that was said last */
	bool stuck;		   /* somebody has waited in vain, and nothing was written since */
	char ring[LOG_SIZE];
};

/* l is not to be freed: the thread stays. 0 or -errno. */
int log_open(struct log *l, int fd);

/*
 * By any thread, at any time. When there is no room it waits LOG_PATIENCE_MS at most for some, once: after that not before something has
 * been written again.
 */
void log_text(struct log *l, const char *text);
__attribute__((format(printf, 2, 3))) void log_line(struct log *l, const char *format, ...);

/* Until all that was said is written, or as long as anybody waits for that. */
void log_drain(struct log *l);

/* The same for those who have a sentence, or a line of the wire, and know of no log. */
void log_sentence(void *log, const char *sentence);
void log_trace(void *log, const char *line);

#endif
