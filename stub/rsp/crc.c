/* SPDX-License-Identifier: BSD-2-Clause */
/* gdb's CRC-32, many bytes at a time. Knows nothing of packets. */
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
	for (unsigned behind = 1; behind < CRC_STRIDE; behind++)
		for (unsigned byte = 0; byte < 256; byte++) {
			uint32_t before = c->table[behind - 1][byte];

			c->table[behind][byte] = before << 8 ^ c->table[0][before >> 24];
		}
}

/* The first four bytes have what was before them mixed in. */
static uint32_t add_stride(const struct crc *c, uint32_t crc, const uint8_t *at)
{
	uint32_t sum = c->table[15][crc >> 24 ^ at[0]] ^ c->table[14][(crc >> 16 ^ at[1]) & 0xff] ^
		       c->table[13][(crc >> 8 ^ at[2]) & 0xff] ^ c->table[12][(crc ^ at[3]) & 0xff];

	for (unsigned i = 4; i < CRC_STRIDE; i++)
		sum ^= c->table[CRC_STRIDE - 1 - i][at[i]];
	return sum;
}

void crc_add(struct crc *c, const void *bytes, size_t n)
{
	const uint8_t *at = bytes, *end = at + n;
	uint32_t crc = c->value;

	for (; end - at >= CRC_STRIDE; at += CRC_STRIDE)
		crc = add_stride(c, crc, at);
	while (at < end)
		crc = crc << 8 ^ c->table[0][crc >> 24 ^ *at++];
	c->value = crc;
}
