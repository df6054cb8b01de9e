/* SPDX-License-Identifier: BSD-2-Clause */
/* about.c's functions, for the table in ops.c: what target.h says of the machine that does not change by being run. */
#ifndef ABOUT_H
#define ABOUT_H

#include "../target.h"

void about_kind(void *t, struct target_kind *kind);
bool about_address_bits(void *t, unsigned thread, unsigned *lower, unsigned *upper);
bool about_image(void *t, struct target_image *image);
ssize_t about_read_image(void *t, uint64_t offset, void *buf, size_t len);
void about_thread(void *t, unsigned thread, char *text, size_t size);

#endif
