/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CRC-32 that gdb compares sections by (GDB manual, General Query Packets, qCRC): polynomial 0x04c11db7, the highest bit first,
 * begun with all bits set, and not inverted at the end.
 */
#ifndef RSP_CRC_H
#define RSP_CRC_H

#include <stddef.h>
#include <stdint.h>

/* So many bytes are taken at once. */
#define CRC_STRIDE 16

struct crc {
	uint32_t value;
	uint32_t table[CRC_STRIDE][256]; /* of a byte with so many bytes behind it */
};

void crc_begin(struct crc *c);
void crc_add(struct crc *c, const void *bytes, size_t n);

#endif
