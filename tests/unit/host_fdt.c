/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree writer, read back by the rules of the Devicetree Specification, chapter 5. */
#include "host/fdt.h"
#include "tap.h"

#include <stdlib.h>

enum {
	BEGIN_NODE = 1,
	END_NODE = 2,
	PROP = 3,
	NOP = 4,
	END = 9
};

enum {
	MAGIC,
	TOTAL,
	STRUCT,
	STRINGS,
	RESERVED,
	VERSION,
	COMPATIBLE,
	BOOT_CPU,
	STRINGS_SIZE,
	STRUCT_SIZE
};

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t header(const uint8_t *blob, unsigned word)
{
	return be32(blob + 4 * word);
}

/* Renders the structure as text, one token after another; returns false at the first thing that is not as specified. */
static bool render(const uint8_t *blob, char *text, size_t size)
{
	const uint8_t *at = blob + header(blob, STRUCT), *end = at + header(blob, STRUCT_SIZE);
	size_t used = 0;

	while (at + 4 <= end) {
		uint32_t token = be32(at);

		at += 4;
		if (token == BEGIN_NODE) {
			size_t len = strlen((const char *)at) + 1;

			used += (size_t)snprintf(text + used, size - used, "%s{", (const char *)at);
			at += (len + 3) & ~(size_t)3;
		} else if (token == END_NODE) {
			used += (size_t)snprintf(text + used, size - used, "}");
		} else if (token == PROP) {
			uint32_t len = be32(at), name = be32(at + 4);

			if (name >= header(blob, STRINGS_SIZE) || len > (size_t)(end - at))
				return false;
			used += (size_t)snprintf(
				text + used, size - used, "%s=", (const char *)blob + header(blob, STRINGS) + name);
			for (uint32_t i = 0; i < len; i++)
				used += (size_t)snprintf(text + used, size - used, "%02x", at[8 + i]);
			used += (size_t)snprintf(text + used, size - used, ";");
			at += 8 + ((len + 3) & ~3u);
		} else {
			return token == END && at == end;
		}
	}
	return false;
}

static size_t build(uint8_t *buf, size_t size)
{
	struct fdt f;

	fdt_start(&f, buf, size);
	fdt_begin(&f, "");
	FDT_CELLS(&f, "reg", FDT_CELLS_OF(0x40000000), FDT_CELLS_OF(0x123456789a));
	fdt_string(&f, "model", "a");
	fdt_begin_at(&f, "uart", 0x9000000);
	fdt_bytes(&f, "always-on", NULL, 0);
	FDT_CELLS(&f, "reg", 7);
	fdt_end(&f);
	fdt_begin(&f, "abc");
	fdt_bytes(&f, "bytes", "\x01\x02\x03\x04\x05", 5);
	fdt_end(&f);
	fdt_end(&f);
	return fdt_finish(&f);
}

static void test_header(const uint8_t *blob, size_t size)
{
	is_int(header(blob, MAGIC), 0xd00dfeed, "the magic");
	is_int(header(blob, TOTAL), (int64_t)size, "the total size");
	is_int(header(blob, VERSION), 17, "the version");
	is_int(header(blob, COMPATIBLE), 16, "the oldest version that it can be read as");
	is_int(header(blob, RESERVED) % 8, 0, "reservations are aligned to 8");
	is_int(header(blob, STRUCT) % 4, 0, "the structure is aligned to 4");
	is_int(header(blob, STRUCT) - header(blob, RESERVED), 16, "one reservation");
	for (unsigned i = 0; i < 4; i++)
		is_int(be32(blob + header(blob, RESERVED) + 4 * i), 0, "which is the end of the list");
	is_int(header(blob, STRUCT) + header(blob, STRUCT_SIZE), header(blob, STRINGS), "the strings follow the structure");
	ok(header(blob, STRINGS) + header(blob, STRINGS_SIZE) <= size, "and are inside");
	is_int(blob[header(blob, STRINGS) + header(blob, STRINGS_SIZE) - 1], 0, "and end with a NUL");
}

static void test_structure(const uint8_t *blob)
{
	char text[500] = "";

	ok(render(blob, text, sizeof(text)), "the structure can be walked");
	is_str(text,
		"{reg=0000000040000000000000123456789a;model=6100;uart@9000000{always-on=;reg=00000007;}abc{bytes=0102030405;}"
		"}",
		"and says what was written");
	is_int(header(blob, STRINGS_SIZE), sizeof("reg") + sizeof("model") + sizeof("always-on") + sizeof("bytes"),
		"each name is kept once");
}

/* Every size that is too small: no tree, and nothing written behind the buffer. */
static void test_full(size_t size)
{
	unsigned wrong = 0, outside = 0;

	for (size_t n = 0; n < size; n++) {
		uint8_t *buf = malloc(n + 8);

		memset(buf + n, 0xa5, 8);
		wrong += build(buf, n) != 0;
		for (unsigned i = 0; i < 8; i++)
			outside += buf[n + i] != 0xa5;
		free(buf);
	}
	is_int(wrong, 0, "no tree in a buffer that is too small");
	is_int(outside, 0, "and nothing is written behind it");
}

static void test_misuse(void)
{
	uint8_t buf[8192];
	struct fdt f;
	char name[40];

	fdt_start(&f, buf, sizeof(buf));
	fdt_begin(&f, "");
	is_int((int64_t)fdt_finish(&f), 0, "no tree when a node is not ended");
	fdt_start(&f, buf, sizeof(buf));
	fdt_begin(&f, "");
	fdt_end(&f);
	fdt_end(&f);
	is_int((int64_t)fdt_finish(&f), 0, "nor when one is ended twice");
	fdt_start(&f, buf, sizeof(buf));
	fdt_begin(&f, "");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "property-number-%u", i);
		fdt_bytes(&f, name, NULL, 0);
	}
	fdt_end(&f);
	is_int((int64_t)fdt_finish(&f), 0, "nor when the names do not fit");
}

int main(void)
{
	static uint8_t blob[1024];
	size_t size;

	memset(blob, 0xa5, sizeof(blob));
	size = build(blob, sizeof(blob));
	ok(size > 0 && size <= sizeof(blob), "a tree is written");
	test_header(blob, size);
	test_structure(blob);
	test_full(size);
	test_misuse();
	return done();
}
