/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints and watchpoints: Z and z. Addresses and kinds are passed on as they are, and so are the conditions and commands that
 * a breakpoint may carry: ";X3,220127" and so on, one expression right behind the other, then ";cmds:" with a digit and more of
 * them.
 */
#include <errno.h>
#include <stdio.h>

#include "handlers.h"
#include "refusal.h"

/* Expressions of one packet. gdb sends one for each of its own breakpoints at the place, and one for each command. */
#define CODES_MAX 64

struct expressions {
	struct session *s; /* its data takes the bytes */
	size_t used;
	struct point_code code[CODES_MAX];
	unsigned n;
};

/* "X3,220027": the length in bytes, and as many pairs of digits. */
static void take_expression(struct expressions *e, struct cursor *text)
{
	uint8_t *bytes = e->s->data + e->used;
	struct cursor digits;
	uint64_t size;

	cursor_expect(text, 'X');
	size = cursor_number(text);
	cursor_expect(text, ',');
	if (size > cursor_left(text) / 2)
		cursor_fail(text, "an expression is shorter than it says");
	if (e->n == CODES_MAX)
		cursor_fail(text, "it carries too many expressions");
	if (text->bad)
		return;
	digits = cursor_over(text->at, 2 * (size_t)size);
	e->used += cursor_hex(&digits, bytes, sizeof(e->s->data) - e->used);
	if (digits.bad)
		cursor_fail(text, digits.bad);
	text->at = digits.end;
	e->code[e->n++] = (struct point_code){ .bytes = bytes, .size = (size_t)size };
}

/* One at least; how many. */
static unsigned take_list(struct expressions *e, struct cursor *text)
{
	unsigned before = e->n;

	do
		take_expression(e, text);
	while (!text->bad && cursor_peek(text) == 'X');
	return e->n - before;
}

static void expect_text(struct cursor *text, const char *wanted)
{
	while (*wanted)
		cursor_expect(text, *wanted++);
}

/*
 * The digit says whether commands are to outlive the connection (gdb's `set disconnected-dprintf`, which is on by default). They do
 * not: nothing stays planted in a guest that nobody debugs.
 */
static unsigned take_commands(struct expressions *e, struct cursor *text)
{
	expect_text(text, "cmds:");
	cursor_number(text);
	cursor_expect(text, ',');
	return take_list(e, text);
}

static const char *take_programs(struct expressions *e, struct cursor text, struct point_programs *programs)
{
	bool more = cursor_left(&text);

	*programs = (struct point_programs){ .code = e->code };
	if (more)
		cursor_expect(&text, ';');
	if (cursor_peek(&text) == 'X') {
		programs->nconditions = take_list(e, &text);
		more = cursor_left(&text);
		if (more)
			cursor_expect(&text, ';');
	}
	if (more)
		programs->ncommands = take_commands(e, &text);
	cursor_end(&text);
	return text.bad;
}

static int check_programs(struct session *s, enum point_type type)
{
	if (type != POINT_SOFTWARE && type != POINT_HARDWARE)
		return session_refuse(s, EINVAL, "a watchpoint takes no conditions and no commands");
	if (!s->target.ops->has_programs(s->target.t))
		return session_refuse(s, EOPNOTSUPP, "conditions and commands are not run here: this host's KVM cannot step");
	return 0;
}

/* A type that this machine cannot do is an unknown packet: so says the protocol, and clients then look for another way. */
static bool is_served(struct session *s, const struct args *args)
{
	return args->n[0] < POINT_TYPES && s->target.ops->has_points(s->target.t, (enum point_type)args->n[0]);
}

/* The answer has no room for the reason, which `monitor why` has. */
static int not_served(struct session *s, enum point_type type)
{
	static const char *const names[POINT_TYPES] = {
		[POINT_SOFTWARE] = "breakpoint",
		[POINT_HARDWARE] = "hardware breakpoint",
		[POINT_WRITE] = "write watchpoint",
		[POINT_READ] = "read watchpoint",
		[POINT_ACCESS] = "access watchpoint",
	};
	char why[120];

	if (type < POINT_TYPES) {
		snprintf(why, sizeof(why), "no %s: this host's KVM was not seen to stop at one; see `monitor capabilities`",
			names[type]);
		s->target.ops->refused(s->target.t, why, false);
	}
	return NOT_SERVED;
}

int do_set_point(struct session *s, const struct args *args)
{
	struct expressions e = { .s = s };
	struct point_programs programs;
	enum point_type type = (enum point_type)args->n[0];
	const char *bad;
	int error;

	if (!is_served(s, args))
		return not_served(s, type);
	bad = take_programs(&e, args->rest, &programs);
	if (bad)
		return session_refuse_malformed(s, bad);
	error = e.n ? check_programs(s, type) : 0;
	if (!error)
		error = s->target.ops->set_point(
			s->target.t, session_general(s), type, args->n[1], args->n[2], e.n ? &programs : NULL);
	return error ? error : session_ok(s);
}

int do_clear_point(struct session *s, const struct args *args)
{
	enum point_type type = (enum point_type)args->n[0];
	int error;

	if (!is_served(s, args))
		return NOT_SERVED;
	error = s->target.ops->clear_point(s->target.t, session_general(s), type, args->n[1], args->n[2]);
	return error ? error : session_ok(s);
}
