/* SPDX-License-Identifier: BSD-2-Clause */
/* See sparse.h. */
#include "sparse.h"

#include <string.h>

#define PAGE 4096u

/* The page from i on, which may be cut short by the end. */
static size_t page_at(size_t i, size_t n)
{
	return n - i < PAGE ? n - i : PAGE;
}

static int is_zero(const char *bytes, size_t n)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, n - 1);
}

int sparse_write(sparse_write_fn *write, void *arg, uint64_t at, const void *bytes, size_t n)
{
	const char *from = bytes;
	int err = 0;

	for (size_t i = 0, end; !err && i < n; i = end) {
		for (end = i; end < n && !is_zero(from + end, page_at(end, n));)
			end += page_at(end, n);
		if (end > i)
			err = write(arg, at + i, from + i, end - i);
		else
			end += page_at(i, n);
	}
	return err;
}
