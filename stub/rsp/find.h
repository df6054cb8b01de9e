/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes in bytes. */
#ifndef RSP_FIND_H
#define RSP_FIND_H

#include <stddef.h>
#include <stdint.h>

/* The first place of the pattern (size > 0) among n bytes, or NULL. The time it takes grows with n, whatever the bytes are. */
const uint8_t *find_bytes(const uint8_t *bytes, size_t n, const uint8_t *pattern, size_t size);

#endif
