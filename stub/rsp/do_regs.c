/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers: g G p P. Values are moved as they are; what they mean is the target's business. */
#include <errno.h>
#include <limits.h>

#include "handlers.h"
#include "refusal.h"

static int reply_value(struct session *s, ssize_t size)
{
	if (size < 0)
		return (int)size;
	if (size == 0)
		return session_refuse(s, EIO, "the register has no size");
	reply_hex(&s->out, s->data, (size_t)size);
	return ANSWERED;
}

int do_read_general(struct session *s, const struct args *args)
{
	(void)args;
	return reply_value(s, s->target.ops->read_general(s->target.t, session_general(s), s->data, sizeof(s->data)));
}

int do_write_general(struct session *s, const struct args *args)
{
	struct cursor text = args->rest;
	size_t size = cursor_hex(&text, s->data, sizeof(s->data));
	int error;

	if (text.bad)
		return session_refuse_malformed(s, text.bad);
	error = s->target.ops->write_general(s->target.t, session_general(s), s->data, size);
	return error ? error : session_ok(s);
}

static int find_register(struct session *s, uint64_t number, unsigned *reg)
{
	if (number > UINT_MAX)
		return session_refuse(s, ENOENT, "there is no register %llu", (unsigned long long)number);
	*reg = (unsigned)number;
	return 0;
}

/* GDB shows <unavailable>, and goes on with the next register. */
static int reply_unavailable(struct session *s, unsigned reg)
{
	for (size_t n = s->target.ops->reg_size(s->target.t, reg); n; n--)
		reply_text(&s->out, "xx");
	return ANSWERED;
}

int do_read_register(struct session *s, const struct args *args)
{
	unsigned reg = 0;
	int error = find_register(s, args->n[0], &reg);
	ssize_t size;

	if (error)
		return error;
	size = s->target.ops->read_reg(s->target.t, session_general(s), reg, s->data, sizeof(s->data));
	return size == -EAGAIN ? reply_unavailable(s, reg) : reply_value(s, size);
}

int do_write_register(struct session *s, const struct args *args)
{
	struct cursor text = args->rest;
	size_t size = cursor_hex(&text, s->data, sizeof(s->data));
	unsigned reg = 0;
	int error = find_register(s, args->n[0], &reg);

	if (text.bad)
		return session_refuse_malformed(s, text.bad);
	if (!error)
		error = s->target.ops->write_reg(s->target.t, session_general(s), reg, s->data, size);
	return error ? error : session_ok(s);
}
