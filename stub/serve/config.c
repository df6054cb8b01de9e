/* SPDX-License-Identifier: BSD-2-Clause */
/* See config.h. */
#include <stdarg.h>
#include <stdio.h>

#include "config.h"

void config_log(const struct server_config *c, enum server_level level, const char *format, ...)
{
	char sentence[1024];
	va_list ap;

	if (!c->log)
		return;
	va_start(ap, format);
	vsnprintf(sentence, sizeof(sentence), format, ap);
	va_end(ap);
	c->log(c->arg, level, sentence);
}

void config_print(const struct server_config *c, const char *text)
{
	if (c->print)
		c->print(c->arg, text);
}

bool config_ends(const struct server_config *c, enum server_event event, int code)
{
	return c->ends && c->ends(c->arg, event, code);
}
