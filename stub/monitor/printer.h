/* SPDX-License-Identifier: BSD-2-Clause */
/* What files with commands have in common. */
#ifndef PRINTER_H
#define PRINTER_H

#include "../machine/machine.h"

/* Where a command prints to. */
struct printer {
	text_fn *print;
	void *arg;
};

/* At most 255 characters. */
__attribute__((format(printf, 2, 3))) void say(const struct printer *out, const char *format, ...);

/* A number as in C, of a word that may be missing (NULL). 0, or -EINVAL and a sentence. */
int parse_address(struct guest *g, const char *word, uint64_t *addr);

/*
 * One command: words is what follows its name, NULL behind the last one; while it runs nobody is in the guest. 0, or -errno and a
 * sentence in guest.why, or an outcome of target.h's.
 */
typedef int command_fn(struct machine *m, char **words, const struct printer *out);

#endif
