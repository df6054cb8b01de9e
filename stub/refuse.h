/* SPDX-License-Identifier: BSD-2-Clause */
/* The sentence that goes with a refusal: one, without newline, for a person to read. */
#ifndef REFUSE_H
#define REFUSE_H

#include <stddef.h>

struct refusal {
	char *text;
	size_t size;
};

/* Writes the sentence, cut to size, and returns err. NULL: nobody wants the sentence. */
int refuse(const struct refusal *why, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
