/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the bytes that wait for the guest. See input.h. */
#include "input.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int input_open(struct input *i)
{
	*i = (struct input){ .event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&i->lock, NULL);
	return i->event < 0 ? -errno : 0;
}

void input_close(struct input *i)
{
	pthread_mutex_destroy(&i->lock);
	if (i->event >= 0)
		close(i->event);
	i->event = -1;
}

size_t input_room(struct input *i)
{
	eventfd_t ignored;
	size_t room;

	pthread_mutex_lock(&i->lock);
	room = INPUT_SIZE - i->count;
	i->asked = !room;
	if (room)
		eventfd_read(i->event, &ignored);
	pthread_mutex_unlock(&i->lock);
	return room;
}

size_t input_put(struct input *i, const uint8_t *bytes, size_t n)
{
	size_t put = 0;

	pthread_mutex_lock(&i->lock);
	for (; put < n && i->count < INPUT_SIZE; put++)
		i->bytes[(i->first + i->count++) % INPUT_SIZE] = bytes[put];
	pthread_mutex_unlock(&i->lock);
	return put;
}

bool input_take(struct input *i, uint8_t *byte)
{
	bool some;

	pthread_mutex_lock(&i->lock);
	some = i->count;
	if (some) {
		*byte = i->bytes[i->first];
		i->first = (i->first + 1) % INPUT_SIZE;
		i->count--;
		if (i->asked)
			eventfd_write(i->event, 1);
		i->asked = false;
	}
	pthread_mutex_unlock(&i->lock);
	return some;
}
