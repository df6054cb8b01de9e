/* SPDX-License-Identifier: BSD-2-Clause */
/* One piece of a format after the other: checked when a program is set, printed when it is run. See format.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "format.h"

#define FIELD_MAX 200 /* of a width or a precision */
#define SPEC_MAX 24   /* of "%-08.4llx" */

enum piece_kind {
	PIECE_CHARACTER, /* one, as it stands */
	PIECE_SIGNED,
	PIECE_UNSIGNED,
	PIECE_CHAR,
	PIECE_STRING,
	PIECE_POINTER
};

struct piece {
	enum piece_kind kind;
	char character;
	unsigned bits;	     /* of the integer */
	unsigned precision;  /* of a string: at most so many bytes of it */
	char spec[SPEC_MAX]; /* for the C library, whose argument is a long long, an int or a string */
};

/* Reads a format; bad is a phrase on what is wrong. */
struct reader {
	const char *at;
	const char *bad;
};

static void fail(struct reader *r, const char *what)
{
	if (!r->bad)
		r->bad = what;
}

/* gdb sends the text between the quotes as the user typed it. */
static char read_escape(struct reader *r)
{
	static const char letters[] = "\\abefnrtv\"", meant[] = "\\\a\b\033\f\n\r\t\v\"";
	const char *found = *r->at ? strchr(letters, *r->at) : NULL;

	if (!found) {
		fail(r, "it has an unknown escape");
		return '\0';
	}
	r->at++;
	return meant[found - letters];
}

static unsigned read_field(struct reader *r)
{
	unsigned n = 0;

	for (; *r->at >= '0' && *r->at <= '9' && n <= FIELD_MAX; r->at++)
		n = n * 10 + (unsigned)(*r->at - '0');
	if (*r->at == '*')
		fail(r, "a width or precision is not given");
	if (n > FIELD_MAX)
		fail(r, "a width or precision is too large");
	return n;
}

static unsigned read_length(struct reader *r)
{
	static const struct {
		const char *name;
		unsigned bits;
	} lengths[] = { { "hh", 8 }, { "h", 16 }, { "ll", 64 }, { "l", 64 }, { "j", 64 }, { "z", 64 }, { "t", 64 },
		{ "", 32 } };
	unsigned i = 0;

	while (strncmp(r->at, lengths[i].name, strlen(lengths[i].name)))
		i++;
	r->at += strlen(lengths[i].name);
	return lengths[i].bits;
}

static const struct conversion {
	char letter;
	enum piece_kind kind;
	const char *spec; /* what the C library gets in its place */
} conversions[] = {
	{ 'd', PIECE_SIGNED, "lld" },
	{ 'i', PIECE_SIGNED, "lli" },
	{ 'u', PIECE_UNSIGNED, "llu" },
	{ 'o', PIECE_UNSIGNED, "llo" },
	{ 'x', PIECE_UNSIGNED, "llx" },
	{ 'X', PIECE_UNSIGNED, "llX" },
	{ 'c', PIECE_CHAR, "c" },
	{ 's', PIECE_STRING, "s" },
	{ 'p', PIECE_POINTER, "s" },
};

static const struct conversion *read_conversion(struct reader *r)
{
	char letter = *r->at;

	for (size_t i = 0; i < sizeof(conversions) / sizeof(conversions[0]); i++) {
		if (conversions[i].letter == letter) {
			r->at++;
			return &conversions[i];
		}
	}
	fail(r, letter && strchr("aAeEfFgG", letter) ? "it prints floating-point numbers" : "it has an unknown conversion");
	return NULL;
}

/* Whatever else C leaves undefined: a precision of characters and pointers, flags but '-' and a length for what is no number. */
static void check_plain(struct reader *r, const struct conversion *c, const char *flags, bool precise, unsigned bits)
{
	if (c->kind == PIECE_SIGNED || c->kind == PIECE_UNSIGNED)
		return;
	if (strspn(flags, "-") != strspn(flags, "-+ #0") || bits != 32 || (precise && c->kind != PIECE_STRING))
		fail(r, "a flag, length or precision does not go with its conversion");
}

/* Behind a '%'. */
static void read_directive(struct reader *r, struct piece *p)
{
	const char *flags = r->at;
	const struct conversion *c;
	bool precise;
	int len;

	r->at += strspn(r->at, "-+ #0");
	read_field(r);
	precise = *r->at == '.';
	if (precise) {
		r->at++;
		p->precision = read_field(r);
	}
	len = (int)(r->at - flags);
	p->bits = read_length(r);
	c = read_conversion(r);
	if (!c)
		return;
	p->kind = c->kind;
	check_plain(r, c, flags, precise, p->bits);
	if (!precise)
		p->precision = AGENT_STRING_MAX;
	if (snprintf(p->spec, sizeof(p->spec), "%%%.*s%s", len, flags, c->spec) >= (int)sizeof(p->spec))
		fail(r, "a directive has too many flags");
}

/* False at the end, or at what is wrong. */
static bool read_piece(struct reader *r, struct piece *p)
{
	*p = (struct piece){ .kind = PIECE_CHARACTER, .character = *r->at };
	if (!*r->at)
		return false;
	r->at++;
	if (p->character == '\\') {
		p->character = read_escape(r);
	} else if (p->character == '%') {
		if (*r->at == '%')
			r->at++;
		else
			read_directive(r, p);
	}
	return !r->bad;
}

int agent_format_check(const char *format, size_t size, unsigned nargs, char *why)
{
	struct reader r = { .at = format };
	unsigned wanted = 0;
	struct piece p;

	if (!size || memchr(format, '\0', size) != format + size - 1)
		r.bad = "it does not end where it should";
	while (!r.bad && read_piece(&r, &p))
		wanted += p.kind != PIECE_CHARACTER;
	if (!r.bad && wanted != nargs)
		r.bad = "the number of its arguments is another";
	if (!r.bad)
		return 0;
	snprintf(why, AGENT_WHY, "a format cannot be printed: %s", r.bad);
	return -EINVAL;
}

void agent_say(struct agent_text *t, const char *text)
{
	static const char mark[] = "...\n";
	size_t n = strlen(text), room = sizeof(t->text) - t->len;

	if (n > room)
		n = room;
	memcpy(t->text + t->len, text, n);
	t->len += n;
	if (!text[n])
		return;
	t->cut = true;
	memcpy(t->text + sizeof(t->text) - strlen(mark), mark, strlen(mark));
}

static void say_integer(struct agent_text *t, const struct piece *p, uint64_t value)
{
	char text[2 * FIELD_MAX];
	unsigned spare = 64 - p->bits;

	value <<= spare;
	value = p->kind == PIECE_SIGNED ? (uint64_t)((int64_t)value >> spare) : value >> spare;
	snprintf(text, sizeof(text), p->spec, (long long)value);
	agent_say(t, text);
}

/* Up to its NUL, or as far as asked for; how many bytes, or -errno for the address that *addr is left at. */
static ptrdiff_t read_string(const struct agent_view *view, uint64_t *addr, char *text, size_t max)
{
	size_t n = 0;

	while (n < max) {
		ptrdiff_t got = view->memory(view->arg, *addr, text + n, max - n < 64 ? max - n : 64);
		const char *end = got > 0 ? memchr(text + n, '\0', (size_t)got) : NULL;

		if (got < 0)
			return got;
		if (end)
			return end - text;
		n += (size_t)got;
		*addr += (uint64_t)got;
	}
	return (ptrdiff_t)n;
}

static void say_string(struct agent_text *t, const struct piece *p, uint64_t addr, const struct agent_view *view)
{
	char text[AGENT_STRING_MAX + sizeof("...")], padded[AGENT_STRING_MAX + sizeof("...")];
	size_t max = p->precision < AGENT_STRING_MAX ? p->precision : AGENT_STRING_MAX;
	ptrdiff_t n = read_string(view, &addr, text, max);

	if (n < 0)
		snprintf(text, sizeof(text), "<0x%llx cannot be read>", (unsigned long long)addr);
	else
		strcpy(text + n, n == AGENT_STRING_MAX ? "..." : "");
	snprintf(padded, sizeof(padded), p->spec, text);
	agent_say(t, padded);
}

/* As the C library of Linux prints it, and gdb. */
static void say_pointer(struct agent_text *t, const struct piece *p, uint64_t value)
{
	char number[sizeof("0x") + 16], text[FIELD_MAX + sizeof(number)];

	snprintf(number, sizeof(number), value ? "0x%llx" : "(nil)", (unsigned long long)value);
	snprintf(text, sizeof(text), p->spec, number);
	agent_say(t, text);
}

static void say_char(struct agent_text *t, const struct piece *p, uint64_t value)
{
	char text[FIELD_MAX + 1];

	snprintf(text, sizeof(text), p->spec, (int)(uint8_t)value);
	agent_say(t, text);
}

static void say_null(struct agent_text *t, const struct piece *p)
{
	char text[FIELD_MAX + sizeof("(null)")];

	snprintf(text, sizeof(text), p->spec, "(null)");
	agent_say(t, text);
}

static void say_piece(struct agent_text *t, const struct piece *p, uint64_t value, const struct agent_view *view)
{
	switch (p->kind) {
	case PIECE_CHARACTER:
		agent_say(t, (char[]){ p->character, '\0' });
		break;
	case PIECE_SIGNED:
	case PIECE_UNSIGNED:
		say_integer(t, p, value);
		break;
	case PIECE_CHAR:
		say_char(t, p, value);
		break;
	case PIECE_STRING:
		if (value)
			say_string(t, p, value, view);
		else
			say_null(t, p);
		break;
	case PIECE_POINTER:
		say_pointer(t, p, value);
		break;
	}
}

void agent_format_print(struct agent_text *t, const char *format, const uint64_t *args, const struct agent_view *view)
{
	struct reader r = { .at = format };
	struct piece p;

	while (read_piece(&r, &p))
		say_piece(t, &p, p.kind == PIECE_CHARACTER ? 0 : *args++, view);
}
