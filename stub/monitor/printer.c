/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in, text out. See printer.h. */
#include "printer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void say(const struct printer *out, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	out->print(out->arg, text);
}

/* pwndbg sends decimal ones. */
int parse_address(struct guest *g, const char *word, uint64_t *addr)
{
	char *end;

	errno = 0;
	*addr = word ? strtoull(word, &end, 0) : 0;
	if (!word || end == word || *end || errno || *word == '-')
		return refuse(&g->refusal, -EINVAL, "an address is a number as C has it, not %.40s", word ? word : "nothing");
	return 0;
}
