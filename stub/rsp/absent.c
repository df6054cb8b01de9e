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

static bool no_points(void *t, enum point_type type)
{
	(void)t;
	(void)type;
	return false;
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

static const char *no_reason(void *t)
{
	(void)t;
	return "there is no guest";
}

static void untold(void *t, const char *sentence)
{
	(void)t;
	(void)sentence;
}

static const struct target_ops ops = {
	.threads = no_threads,
	.current = no_threads,
	.image = no_image,
	.has_points = no_points,
	.has_programs = has_not,
	.has_thread_events = has_not,
	.can_mask_steps = has_not,
	.next_stop = no_stop,
	.interrupt = nothing,
	.kill = nothing,
	.why = no_reason,
	.refused = untold,
};

struct target absent_target(void)
{
	return (struct target){ .ops = &ops };
}
