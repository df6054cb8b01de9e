/* SPDX-License-Identifier: BSD-2-Clause */
/* Breakpoints and watchpoints: Z and z. Addresses and kinds are passed on as they are. */
#include "handlers.h"

typedef int point_fn(void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind);

/* A type that this machine cannot do is an unknown packet: so says the protocol, and clients then look for another way. */
static int change_point(struct session *s, const struct args *args, point_fn *change)
{
	enum point_type type;
	int error;

	if (args->n[0] >= POINT_TYPES)
		return NOT_SERVED;
	type = (enum point_type)args->n[0];
	if (!s->target.ops->has_points(s->target.t, type))
		return NOT_SERVED;
	error = change(s->target.t, session_general(s), type, args->n[1], args->n[2]);
	return error ? error : session_ok(s);
}

int do_set_point(struct session *s, const struct args *args)
{
	return change_point(s, args, s->target.ops->set_point);
}

int do_clear_point(struct session *s, const struct args *args)
{
	return change_point(s, args, s->target.ops->clear_point);
}
