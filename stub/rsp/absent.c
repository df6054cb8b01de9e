/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See absent.h. Of target.h's functions there are those that a session calls by itself, and those that the handlers of PACKET_ALONE call: no
 * other handler is reached without a machine.
 */
#include <errno.h>

#include "absent.h"

static unsigned no_threads(void *t)
{
	(void)t;
	return 0;
}

static bool some_points(void *t, enum point_type type)
{
	const struct target_list *list = t;

	return list && list->points[type];
}

static bool some_programs(void *t)
{
	const struct target_list *list = t;

	return list && list->programs;
}

static bool some_thread_events(void *t)
{
	const struct target_list *list = t;

	return list && list->thread_events;
}

static bool has_not(void *t)
{
	(void)t;
	return false;
}

static bool no_image(void *t, struct target_image *image)
{
	(void)t;
	(void)image;
	return false;
}

static bool no_stop(void *t, struct stop *stop)
{
	(void)t;
	(void)stop;
	return false;
}

static void nothing(void *t)
{
	(void)t;
}

static int command(void *t, const char *line, text_fn *print, void *arg)
{
	const struct target_list *list = t;

	return list ? list->command(list->arg, line, print, arg) : -ESRCH;
}

static const char *reason(void *t)
{
	const struct target_list *list = t;

	return list ? list->why(list->arg) : "there is no guest";
}

static void refused(void *t, const char *sentence, bool asked)
{
	const struct target_list *list = t;

	(void)asked;
	if (list)
		list->refused(list->arg, sentence);
}

static const struct target_ops ops = {
	.threads = no_threads,
	.current = no_threads,
	.image = no_image,
	.has_points = some_points,
	.has_programs = some_programs,
	.has_thread_events = some_thread_events,
	.can_mask_steps = has_not,
	.next_stop = no_stop,
	.interrupt = nothing,
	.kill = nothing,
	.command = command,
	.why = reason,
	.refused = refused,
};

struct target absent_target(const struct target_list *list)
{
	return (struct target){ .ops = &ops, .t = (void *)list };
}
