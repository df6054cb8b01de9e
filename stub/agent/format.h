/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf for agent expressions: a format that a client sent, and values of 64 bits. The format is taken apart here and no part of it
 * that is not understood gets as far as the C library's printf.
 */
#ifndef AGENT_FORMAT_H
#define AGENT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_WHY 160	      /* bytes for a sentence */
#define AGENT_TEXT_MAX 2048   /* bytes of what one hit may print */
#define AGENT_STRING_MAX 1024 /* bytes of the guest's for one %s */

/* What a program looks at. Values have the host's byte order: where KVM runs, that is the guest's as well. */
struct agent_view {
	void *arg;
	size_t (*reg_size)(void *arg, unsigned reg); /* bytes of a register by its GDB number; 0: there is none */
	/* At most 8 bytes, zero-extended. 0 or -errno. */
	int (*reg)(void *arg, unsigned reg, uint64_t *value);
	/* How many bytes could be read, at least one, or -errno. */
	ptrdiff_t (*memory)(void *arg, uint64_t addr, void *buf, size_t len);
};

/* What was printed, with no NUL in it. What does not fit is left out, and the end then says so. */
struct agent_text {
	size_t len;
	bool cut;
	char text[AGENT_TEXT_MAX];
};

void agent_say(struct agent_text *t, const char *text);

/*
 * A format without a NUL inside, size bytes with the one behind it, for so many arguments. 0, or -EINVAL and a sentence in why.
 * Integers with any of C's lengths, %c, %s, %p and %%; flags, width and precision; escapes as in C.
 */
int agent_format_check(const char *format, size_t size, unsigned nargs, char *why);

/* Prints a format that was checked. A string that cannot be read is replaced by a remark. */
void agent_format_print(struct agent_text *t, const char *format, const uint64_t *args, const struct agent_view *view);

#endif
