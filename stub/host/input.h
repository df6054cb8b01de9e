/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was typed into the guest's console and no device has taken yet: bytes, in order. Whoever puts them in asks for room before, and is
 * told when there is room again. By any thread.
 */
#ifndef INPUT_H
#define INPUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_SIZE 4096

struct input {
	pthread_mutex_t lock;
	int event;  /* an eventfd: readable as soon as there is room again, where there was none */
	bool asked; /* somebody has found no room */
	size_t first, count;
	uint8_t bytes[INPUT_SIZE];
};

/* 0 or -errno; then it can be closed all the same. */
int input_open(struct input *i);
void input_close(struct input *i);

/* How many bytes can be put now. 0: the event tells when that changes. */
size_t input_room(struct input *i);

/* As many as there is room for; how many that were. */
size_t input_put(struct input *i, const uint8_t *bytes, size_t n);

/* The next one; false: there is none. */
bool input_take(struct input *i, uint8_t *byte);

#endif
