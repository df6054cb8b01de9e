/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A search for the rarest byte of the pattern, as memchr() does it, many bytes at a time: most of a guest's memory is zeros, or all alike,
 * and a pattern has a byte that is not. Where none is rare, memmem() takes over.
 */
#include <string.h>

#include "find.h"

/* One byte in so many is looked at to find out which are rare. */
#define SAMPLE 61

/* One place in so many may look right at first. */
#define RARE 64

static size_t rarest(const uint8_t *bytes, size_t n, const uint8_t *pattern, size_t size)
{
	unsigned seen[UINT8_MAX + 1] = { 0 };
	size_t best = 0;

	for (size_t i = 0; i < n; i += SAMPLE)
		seen[bytes[i]]++;
	for (size_t i = 1; i < size; i++)
		if (seen[pattern[i]] < seen[pattern[best]])
			best = i;
	return best;
}

const uint8_t *find_bytes(const uint8_t *bytes, size_t n, const uint8_t *pattern, size_t size)
{
	size_t at = n < size ? 0 : rarest(bytes, n, pattern, size), tries = n / RARE + 1;
	const uint8_t *from = bytes, *end = bytes + n;

	while ((size_t)(end - from) >= size) {
		const uint8_t *rare;

		if (!tries--)
			return memmem(from, (size_t)(end - from), pattern, size);
		rare = memchr(from + at, pattern[at], (size_t)(end - from) - size + 1);
		if (!rare)
			return NULL;
		from = rare - at;
		if (!memcmp(from, pattern, size))
			return from;
		from++;
	}
	return NULL;
}
