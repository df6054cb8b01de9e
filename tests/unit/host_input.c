/* SPDX-License-Identifier: BSD-2-Clause */
/* What was typed and is not taken yet: order, room, and who is told of it. */
#include <poll.h>

#include "host/input.h"
#include "tap.h"

static bool is_told(const struct input *i)
{
	struct pollfd event = { .fd = i->event, .events = POLLIN };

	return poll(&event, 1, 0) == 1;
}

static bool takes(struct input *i, unsigned from, unsigned n)
{
	uint8_t byte;

	for (unsigned j = 0; j < n; j++)
		if (!input_take(i, &byte) || byte != (uint8_t)(from + j))
			return false;
	return true;
}

static void fill(uint8_t *bytes, unsigned n, unsigned from)
{
	for (unsigned j = 0; j < n; j++)
		bytes[j] = (uint8_t)(from + j);
}

static void test_order(struct input *i)
{
	uint8_t byte, bytes[700];
	bool good = true;

	ok(!input_take(i, &byte), "nothing is there");
	for (unsigned n = 0; n < 40; n++) {
		fill(bytes, sizeof(bytes), n);
		good = input_put(i, bytes, sizeof(bytes)) == sizeof(bytes) && takes(i, n, sizeof(bytes)) && good;
	}
	ok(good, "28000 bytes, in order");
	ok(!input_take(i, &byte), "nothing is left");
}

static void test_room(struct input *i)
{
	uint8_t byte, bytes[INPUT_SIZE + 1];

	fill(bytes, sizeof(bytes), 0);
	is_int((int64_t)input_room(i), INPUT_SIZE, "room for all");
	is_int((int64_t)input_put(i, bytes, sizeof(bytes)), INPUT_SIZE, "and no more");
	ok(input_take(i, &byte) && !is_told(i), "who has not asked is not told of room");
	input_put(i, bytes, 1);
	is_int((int64_t)input_room(i), 0, "there is no room");
	ok(!is_told(i), "and nothing to be told");
	ok(input_take(i, &byte) && byte == 1, "the next is taken");
	ok(is_told(i), "which is told");
	ok(input_take(i, &byte) && is_told(i), "until it is looked at");
	is_int((int64_t)input_room(i), 2, "for two there is room");
	ok(!is_told(i), "having looked at that, nothing is to be told");
	ok(takes(i, 3, INPUT_SIZE - 3) && takes(i, 0, 1) && !input_take(i, &byte), "all are there, in order");
}

int main(void)
{
	struct input i;

	is_int(input_open(&i), 0, "opened");
	test_order(&i);
	test_room(&i);
	input_close(&i);
	return done();
}
