/* SPDX-License-Identifier: BSD-2-Clause */
/* Several registers of a view at once, for code that would otherwise be one `if (!err)` after the other. */
#ifndef ARCH_VIEW_ALL_H
#define ARCH_VIEW_ALL_H

#include "arch.h"

/* In order, up to the first that is refused: 0 or its -errno. */
static inline int view_set_all(struct view *v, const struct view_value *values, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = v->set(v, values[i].key, values[i].value);
	return err;
}

static inline int view_get_all(struct view *v, struct view_value *values, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = v->get(v, values[i].key, &values[i].value);
	return err;
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
