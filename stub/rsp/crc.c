/* SPDX-License-Identifier: BSD-2-Clause */
/* gdb's CRC-32, four bytes at a time. Knows nothing of packets. */
#include "crc.h"

#define POLYNOMIAL 0x04c11db7u

static uint32_t of_byte(unsigned byte)
{
	uint32_t crc = (uint32_t)byte << 24;

	for (unsigned bit = 0; bit < 8; bit++)
		crc = crc << 1 ^ (crc >> 31 ? POLYNOMIAL : 0);
	return crc;
}

void crc_begin(struct crc *c)
{
	c->value = UINT32_MAX;
	for (unsigned byte = 0; byte < 256; byte++)
		c->table[0][byte] = of_byte(byte);
	for (unsigned behind = 1; behind < 4; behind++)
		for (unsigned byte = 0; byte < 256; byte++) {
			uint32_t before = c->table[behind - 1][byte];

			c->table[behind][byte] = before << 8 ^ c->table[0][before >> 24];
		}
}

void crc_add(struct crc *c, const void *bytes, size_t n)
{
	const uint8_t *at = bytes, *end = at + n;
	uint32_t crc = c->value;

	for (; end - at >= 4; at += 4)
		crc = c->table[3][crc >> 24 ^ at[0]] ^ c->table[2][(crc >> 16 ^ at[1]) & 0xff] ^
		      c->table[1][(crc >> 8 ^ at[2]) & 0xff] ^ c->table[0][(crc ^ at[3]) & 0xff];
	while (at < end)
		crc = crc << 8 ^ c->table[0][crc >> 24 ^ *at++];
	c->value = crc;
}
