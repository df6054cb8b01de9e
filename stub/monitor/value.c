/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of any size, and lists of them. See value.h. */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 40 /* characters of a text in a sentence */

struct parser {
	const char *text; /* what is left */
	unsigned base;
	const struct refusal *why;
};

static void skip_blanks(struct parser *p)
{
	p->text += strspn(p->text, " \t");
}

static bool skip_text(struct parser *p, const char *text)
{
	size_t n = strlen(text);

	skip_blanks(p);
	if (strncmp(p->text, text, n))
		return false;
	p->text += n;
	return true;
}

/* value * base + digit. False: it does not fit. */
static bool append_digit(uint8_t *value, unsigned size, unsigned base, unsigned digit)
{
	for (unsigned i = 0; i < size; i++) {
		digit += value[i] * base;
		value[i] = (uint8_t)digit;
		digit >>= 8;
	}
	return !digit;
}

/* False: its negative has more bits than that. */
static bool negate(uint8_t *value, unsigned size)
{
	unsigned carry = 1;
	bool zero = true;

	for (unsigned i = 0; i < size; i++) {
		zero &= !value[i];
		carry += (uint8_t)~value[i];
		value[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return zero || value[size - 1] & 0x80;
}

static int digit_of(char c, unsigned base)
{
	char text[2] = { c };
	char *end;
	long digit = strtol(text, &end, (int)base);

	return isxdigit((unsigned char)c) && end != text ? (int)digit : -1;
}

static int parse_number(struct parser *p, uint8_t *value, unsigned size)
{
	const char *start = p->text + strspn(p->text, " \t");
	bool minus = skip_text(p, "-"), fits = true;
	unsigned base = skip_text(p, "0x") || skip_text(p, "0X") ? 16 : p->base, digits = 0;

	memset(value, 0, size);
	for (int digit; (digit = digit_of(*p->text, base)) >= 0; p->text++, digits++)
		fits &= append_digit(value, size, base, (unsigned)digit);
	if (!digits || (*p->text && !strchr(" \t,}<", *p->text)))
		return refuse(p->why, -EINVAL, "%.*s: not a %s", SHOWN, start, p->base == 16 ? "hexadecimal number" : "number");
	if (minus)
		fits &= negate(value, size);
	if (!fits)
		return refuse(p->why, -EINVAL, "%.*s: more than %u byte%s", SHOWN, start, size, size == 1 ? "" : "s");
	return 0;
}

/* How often the number before stands there. */
static int parse_repeats(struct parser *p, unsigned *times)
{
	const char *start = p->text + strspn(p->text, " \t");
	char *end;
	unsigned long n;

	*times = 1;
	if (!skip_text(p, "<repeats "))
		return 0;
	n = strtoul(p->text, &end, 10);
	p->text = end;
	*times = (unsigned)n;
	if (!n || n > UINT_MAX || !skip_text(p, "times>"))
		return refuse(p->why, -EINVAL, "%.*s: how often?", SHOWN, start);
	return 0;
}

/* The numbers of a list, `size` bytes each, into value, which has room for `room` of them. How many there are, or -errno. */
static int parse_numbers(struct parser *p, uint8_t *value, unsigned room, unsigned size)
{
	unsigned n = 0, times;
	int err = 0;

	do {
		uint8_t *number = value + (size_t)size * n;

		if (n < room)
			err = parse_number(p, number, size);
		if (!err)
			err = parse_repeats(p, &times);
		if (!err && times > room - n)
			return refuse(p->why, -EINVAL, "a list of more than %u numbers", room);
		for (unsigned i = 1; !err && i < times; i++)
			memcpy(number + (size_t)size * i, number, size);
		n += err ? 0 : times;
	} while (!err && skip_text(p, ","));
	if (!err && !skip_text(p, "}"))
		err = refuse(p->why, -EINVAL, "%.*s: a list goes on by a comma, or ends by }", SHOWN, p->text);
	return err ? err : (int)n;
}

/* How many numbers there are says how large each is: before that is known, each may be as large as all of them together. */
static int parse_list(struct parser *p, uint8_t *value, unsigned size)
{
	struct parser again = *p;
	uint8_t *counted = calloc(size, size);
	int n = counted ? parse_numbers(p, counted, size, size) : refuse(p->why, -ENOMEM, "out of memory");

	free(counted);
	if (n > 0 && size % (unsigned)n)
		n = refuse(p->why, -EINVAL, "%d numbers, where there are %u bytes", n, size);
	if (n > 0)
		n = parse_numbers(&again, value, (unsigned)n, size / (unsigned)n);
	return n < 0 ? n : 0;
}

/* Of {a = {...}, b = {...}} to the last member's value. False: that is none. */
static bool skip_to_last(struct parser *p)
{
	const char *last = strrchr(p->text, '=');

	skip_blanks(p);
	if (*p->text != '{' || !last)
		return false;
	p->text = last + 1;
	return true;
}

static bool is_all_bytes(const char *text, unsigned size)
{
	return size > sizeof(uint64_t) && strlen(text) == 2 * (size_t)size &&
	       strspn(text, "0123456789abcdefABCDEF") == 2 * (size_t)size;
}

static void parse_bytes(const char *text, uint8_t *value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		value[i] = (uint8_t)(digit_of(text[2 * i], 16) << 4 | digit_of(text[2 * i + 1], 16));
}

int value_parse(const char *text, unsigned base, uint8_t *value, unsigned size, const struct refusal *why)
{
	struct parser p = { .text = text, .base = base, .why = why };
	bool member;
	int err;

	if (base == 10 && is_all_bytes(text, size)) {
		parse_bytes(text, value, size);
		return 0;
	}
	member = skip_to_last(&p);
	err = skip_text(&p, "{") ? parse_list(&p, value, size) : parse_number(&p, value, size);
	/* What the member is in. */
	while (!err && member && skip_text(&p, "}"))
		;
	skip_blanks(&p);
	if (!err && *p.text)
		err = refuse(why, -EINVAL, "%.*s: nothing is to follow the value", SHOWN, p.text);
	return err;
}
