/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's console: bytes on their way to a file descriptor that may take none for a while. They are kept until it does. A vCPU
 * with something to wait for waits before it executes more, where a kick can fetch it: never amidst an instruction.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
	int fd; /* -1: nobody listens */
	pthread_mutex_t lock;
	bool writing; /* a thread is about it, without the lock: write() may sleep */
	uint8_t *bytes;
	size_t room, first;
	atomic_size_t n; /* bytes that wait, in order, from `first` on */
};

void output_open(struct output *c, int fd);
void output_close(struct output *c);

/*
 * From now on to this descriptor; -1: to nobody, and what waits is dropped. When this returns, the one before is not used any more: a
 * write to it that is under way is waited for, for as long as a descriptor without room is.
 */
void output_to(struct output *c, int fd);

/* Never waits, and loses nothing but for want of memory. */
void output_put(struct output *c, uint8_t byte);

/* How many bytes wait. */
size_t output_waits(struct output *c);

/* Until all is written: true. False as soon as *stop is set: then some may be left. */
bool output_drain(struct output *c, const atomic_bool *stop);

#endif
