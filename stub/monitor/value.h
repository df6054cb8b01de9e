/* SPDX-License-Identifier: BSD-2-Clause */
/* The value of a register, as a person writes it. Knows no register but its size. */
#ifndef VALUE_H
#define VALUE_H

#include <stdint.h>

#include "../refuse.h"

/*
 * Into `size` bytes, the lowest first. A number: hexadecimal with 0x, else of this base (10, or 16), with - in front or not. A vector as
 * gdb prints one: {1, 2, 0x3, 4}, the lowest element first, or {0 <repeats 16 times>}; of one that gdb shows in several ways, {s = {...}, q
 * = {...}}, the last one counts. In base 10, for more than 8 bytes, also the bytes as they are in memory, two hexadecimal digits each, and
 * all of them. 0, or -EINVAL and a sentence.
 */
int value_parse(const char *text, unsigned base, uint8_t *value, unsigned size, const struct refusal *why);

#endif
