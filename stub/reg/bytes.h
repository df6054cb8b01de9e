/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside reg/ only: numbers in the host's byte order that change their width. */
#ifndef BYTES_H
#define BYTES_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Offset of the low n bytes of a number of so many bytes. */
static inline size_t low_bytes(size_t width, size_t n)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? width - n : 0;
}

/* The low bytes of one number become those of another, as many as both have. */
static inline void copy_low(void *to, size_t to_size, const void *from, size_t from_size)
{
	size_t n = smaller(to_size, from_size);

	memcpy((uint8_t *)to + low_bytes(to_size, n), (const uint8_t *)from + low_bytes(from_size, n), n);
}

/*
 * Puts bytes of one size into a place of another. A narrower place takes what fits; a wider one keeps its upper bytes, which GDB
 * does not see (cpsr is the low half of pstate).
 */
static inline int store_low(uint8_t *place, size_t width, const uint8_t *bytes, size_t size)
{
	size_t low = smaller(size, width), at = low_bytes(size, low);

	for (size_t i = 0; i < size; i++)
		if (bytes[i] && (i < at || i >= at + low))
			return -EINVAL;
	copy_low(place, width, bytes, size);
	return 0;
}

#endif
