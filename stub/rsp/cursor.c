/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict reading of a packet's text. Owns the grammar of numbers, bytes and thread ids, and no packet's meaning. */
#include <string.h>

#include "cursor.h"

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

struct cursor cursor_over(const char *text, size_t len)
{
	return (struct cursor){ .at = text, .end = text + len };
}

size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

void cursor_fail(struct cursor *c, const char *what)
{
	if (!c->bad)
		c->bad = what;
}

char cursor_peek(const struct cursor *c)
{
	return c->bad || c->at == c->end ? '\0' : *c->at;
}

char cursor_next(struct cursor *c)
{
	if (c->at == c->end)
		cursor_fail(c, "it ends too early");
	return c->bad ? '\0' : *c->at++;
}

void cursor_expect(struct cursor *c, char wanted)
{
	if (cursor_next(c) != wanted)
		cursor_fail(c, "a separator is missing");
}

void cursor_end(struct cursor *c)
{
	if (c->at != c->end)
		cursor_fail(c, "something follows where it should end");
}

uint64_t cursor_number(struct cursor *c)
{
	uint64_t value = 0;

	if (hex_digit(cursor_peek(c)) < 0)
		cursor_fail(c, "a number has no hexadecimal digit");
	while (!c->bad && hex_digit(cursor_peek(c)) >= 0) {
		if (value >> 60)
			cursor_fail(c, "a number is wider than 64 bits");
		else
			value = value << 4 | (uint64_t)hex_digit(cursor_next(c));
	}
	return c->bad ? 0 : value;
}

struct cursor cursor_until(struct cursor *c, char stop)
{
	struct cursor part = { .at = c->at, .end = c->end, .bad = c->bad };
	const char *found = memchr(c->at, stop, cursor_left(c));

	if (c->bad)
		part.end = part.at;
	else if (found)
		part.end = found;
	c->at = part.end;
	return part;
}

static int hex_pair(struct cursor *c)
{
	int high = hex_digit(cursor_next(c)), low = hex_digit(cursor_next(c));

	if (high < 0 || low < 0)
		cursor_fail(c, "a byte is not two hexadecimal digits");
	return high * 16 + low;
}

size_t cursor_hex(struct cursor *c, void *bytes, size_t cap)
{
	uint8_t *to = bytes;
	size_t n = 0;

	if (cursor_left(c) % 2)
		cursor_fail(c, "its bytes have an odd number of digits");
	if (cursor_left(c) / 2 > cap)
		cursor_fail(c, "it carries too many bytes");
	while (!c->bad && c->at < c->end)
		to[n++] = (uint8_t)hex_pair(c);
	return c->bad ? 0 : n;
}

static uint64_t id_part(struct cursor *c)
{
	if (cursor_peek(c) != '-')
		return cursor_number(c);
	cursor_next(c);
	if (cursor_next(c) != '1')
		cursor_fail(c, "a negative id is not -1");
	return ID_ALL;
}

struct thread_id cursor_thread(struct cursor *c, bool multiprocess)
{
	struct thread_id id = { .process = ID_ANY, .thread = ID_ALL };

	if (!multiprocess || cursor_peek(c) != 'p') {
		id.thread = id_part(c);
		return id;
	}
	cursor_next(c);
	id.process = id_part(c);
	if (cursor_peek(c) == '.') {
		cursor_next(c);
		id.thread = id_part(c);
	}
	return id;
}
