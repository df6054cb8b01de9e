/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes in bytes, and gdb's checksum, compared with what is slow and plain. */
#include <stdlib.h>

#include "rsp/crc.h"
#include "rsp/find.h"
#include "tap.h"

#define BYTES 2000
#define TRIES 20000

static uint8_t bytes[BYTES];

/* Memory of few different bytes, so that much looks right at first. */
static void fill(unsigned kinds)
{
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(rand() % (int)kinds);
}

static const uint8_t *find_plainly(const uint8_t *in, size_t n, const uint8_t *pattern, size_t size)
{
	for (size_t i = 0; i + size <= n; i++)
		if (!memcmp(in + i, pattern, size))
			return in + i;
	return NULL;
}

static void test_find(unsigned kinds)
{
	unsigned wrong = 0, found = 0;

	fill(kinds);
	for (unsigned i = 0; i < TRIES; i++) {
		uint8_t pattern[32];
		size_t size = 1 + (size_t)rand() % 12, n = (size_t)rand() % (BYTES + 1);
		const uint8_t *want;

		for (size_t j = 0; j < size; j++)
			pattern[j] = (uint8_t)(rand() % (int)kinds);
		want = find_plainly(bytes, n, pattern, size);
		found += want != NULL;
		wrong += find_bytes(bytes, n, pattern, size) != want;
	}
	ok(!wrong && found && found < TRIES, "patterns of %u different bytes are found where they are: %u of %u", kinds, found,
		TRIES);
}

/* What is nowhere rare, and what is at the very end. */
static void test_edges(void)
{
	static const uint8_t end[] = { 0, 0, 0, 1 }, half[] = { 7, 7, 8 };

	memset(bytes, 0, BYTES);
	ok(!find_bytes(bytes, BYTES, end, 4), "zeros have no one");
	bytes[BYTES - 1] = 1;
	ok(find_bytes(bytes, BYTES, end, 4) == bytes + BYTES - 4, "but at their end");
	ok(!find_bytes(bytes, BYTES - 1, end, 4), "and not one byte before");
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(7 + i % 2);
	ok(!find_bytes(bytes, BYTES, half, 3), "nothing that is half there everywhere");
	bytes[BYTES - 2] = 7;
	bytes[BYTES - 3] = 7;
	ok(find_bytes(bytes, BYTES, half, 3) == bytes + BYTES - 3, "before it is whole");
	ok(!find_bytes(bytes, 0, half, 3) && !find_bytes(bytes, 2, half, 3), "nor in less than its size");
}

static uint32_t sum_plainly(const uint8_t *at, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (; n; n--) {
		crc ^= (uint32_t)*at++ << 24;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
	}
	return crc;
}

static void test_checksum(void)
{
	struct crc crc;
	unsigned wrong = 0;

	fill(256);
	for (size_t n = 0; n < 200; n++)
		for (size_t cut = 0; cut <= n; cut++) {
			crc_begin(&crc);
			crc_add(&crc, bytes, cut);
			crc_add(&crc, bytes + cut, n - cut);
			wrong += crc.value != sum_plainly(bytes, n);
		}
	is_int(wrong, 0, "checksums in one piece and in two");
}

int main(void)
{
	srand(1);
	test_find(2);
	test_find(3);
	test_find(256);
	test_edges();
	test_checksum();
	return done();
}
