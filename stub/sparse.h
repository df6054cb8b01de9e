/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory into a file in which its pages of zeroes are holes. Knows no file: whoever calls writes. */
#ifndef SPARSE_H
#define SPARSE_H

#include <stddef.h>
#include <stdint.h>

/* These bytes to this place in the file: 0 or -errno. */
typedef int sparse_write_fn(void *arg, uint64_t at, const void *bytes, size_t n);

/* As few calls of write as there are runs of pages of 4096 bytes, counted from the first byte, that are not all zero. 0, or its -errno. */
int sparse_write(sparse_write_fn *write, void *arg, uint64_t at, const void *bytes, size_t n);

#endif
