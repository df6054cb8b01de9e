/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the sentences of refusals, and knows nothing about them. */
#include "refuse.h"

#include <stdarg.h>
#include <stdio.h>

int refuse(const struct refusal *why, int err, const char *format, ...)
{
	va_list ap;

	if (!why)
		return err;
	va_start(ap, format);
	vsnprintf(why->text, why->size, format, ap);
	va_end(ap);
	return err;
}
