/* SPDX-License-Identifier: BSD-2-Clause */
/* Between commands.c, which has the table of `monitor` commands, and files with commands of one subject. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "../target.h"

struct machine;

/* Where a command prints to. */
struct printer {
	text_fn *print;
	void *arg;
};

/* At most 255 characters. */
__attribute__((format(printf, 2, 3))) void say(const struct printer *out, const char *format, ...);

/* A number as in C, of a word that may be missing (NULL). 0, or -EINVAL and a sentence. */
int parse_address(struct machine *m, const char *word, uint64_t *addr);

/*
 * linux.c and maps.c. words is what follows the name, NULL behind the last one; while they run nobody is in the guest. 0, or -errno
 * and a sentence in machine.why.
 */
int do_gva2gpa(struct machine *m, char **words, const struct printer *out);
int do_info(struct machine *m, char **words, const struct printer *out);
int do_linux(struct machine *m, char **words, const struct printer *out);
int do_memory_map(struct machine *m, char **words, const struct printer *out);
int do_xp(struct machine *m, char **words, const struct printer *out);

/* reset.c: the same; or an outcome of target.h's */
int do_exit(struct machine *m, char **words, const struct printer *out);
int do_gdb_sync(struct machine *m, char **words, const struct printer *out);
int do_go(struct machine *m, char **words, const struct printer *out);
int do_halt(struct machine *m, char **words, const struct printer *out);
int do_reset(struct machine *m, char **words, const struct printer *out);

/* tables.c: the same */
int do_page_tables(struct machine *m, char **words, const struct printer *out);
int do_translate(struct machine *m, char **words, const struct printer *out);

#endif
