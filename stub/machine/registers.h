/* SPDX-License-Identifier: BSD-2-Clause */
/* What target.h says of registers, by the same names. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include "machine.h"

ssize_t registers_read(void *t, unsigned thread, unsigned reg, void *value, size_t cap);
size_t registers_size(void *t, unsigned reg);
int registers_write(void *t, unsigned thread, unsigned reg, const void *value, size_t size);
ssize_t registers_read_general(void *t, unsigned thread, void *values, size_t cap);
int registers_write_general(void *t, unsigned thread, const void *values, size_t size);

/* As the user says: also the value that is there, and what a debugger is not to put back. 0, or -errno and a sentence. */
int registers_set(struct guest *g, unsigned thread, unsigned reg, const void *value, size_t size);

#endif
