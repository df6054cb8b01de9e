/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of a kernel that has no VMCOREINFO yet: its banner stands in it without the newline, and around that are blocks, each an
 * id and a text, with ids that follow each other (kernel/printk/printk_ringbuffer.c). Of a kernel before 5.10 the banner is behind
 * a head with its length, and so are its neighbours. Nothing is known of the ring's place and size: what ends the search is a block
 * without a neighbour.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "linux_text.h"

#define CHUNK 0x10000ull
#define WORD 8
#define TEXT_MAX 1056 /* bytes of a record: PRINTKRB_RECORD_MAX, or LOG_LINE_MAX, with its head */
#define RECORDS_MAX 65536

/* struct printk_log */
#define OLD_HEAD 16
#define OLD_LEN 8
#define OLD_TEXT_LEN 10

static uint64_t number_at(const char *bytes, unsigned size)
{
	uint64_t value = 0;

	for (unsigned n = 0; n < size; n++)
		value |= (uint64_t)(unsigned char)bytes[n] << 8 * n;
	return value;
}

static bool read_all(struct memory *m, uint64_t pa, void *buf, size_t len)
{
	return memory_read_phys(m, pa, buf, len) == (ssize_t)len;
}

static void print_line(const struct printer *out, const char *text, size_t len)
{
	char line[TEXT_MAX + 2];

	for (size_t n = 0; n < len; n++)
		line[n] = (text[n] >= ' ' && text[n] <= '~') || text[n] == '\t' || text[n] == '\n' ? text[n] : '?';
	line[len] = '\n';
	line[len + 1] = '\0';
	out->print(out->arg, line);
}

/* ---- from 5.10 on: blocks */

struct block {
	uint64_t pa, id;
	size_t len; /* of all that was written into it, without the NUL */
	char text[TEXT_MAX];
};

static bool read_block(struct memory *m, uint64_t pa, struct block *b)
{
	char bytes[WORD + TEXT_MAX];
	ssize_t n = memory_read_phys(m, pa, bytes, sizeof(bytes));

	if (n <= WORD)
		return false;
	b->pa = pa;
	b->id = number_at(bytes, WORD);
	b->len = strnlen(bytes + WORD, (size_t)n - WORD);
	memcpy(b->text, bytes + WORD, b->len < sizeof(b->text) ? b->len : 0);
	return b->len < (size_t)n - WORD && b->len < sizeof(b->text);
}

static uint64_t behind(const struct block *b)
{
	return (b->pa + WORD + b->len + 1 + WORD - 1) & ~(WORD - 1ull);
}

/*
 * A record is formatted into its block with its level in front, which is taken off by moving the text: its last two characters, or the
 * newline behind them, stand there twice.
 */
static size_t text_length(const struct block *b)
{
	size_t len = b->len;

	len -= len && b->text[len - 1] == '\n';
	return len >= 4 && !memcmp(b->text + len - 2, b->text + len - 4, 2) ? len - 2 : len;
}

/* The block that ends where this one begins, by its id. */
static bool find_before(struct memory *m, const struct block *b, struct block *before)
{
	char bytes[WORD];

	for (uint64_t pa = b->pa - 2 * WORD; b->pa - pa <= WORD + TEXT_MAX && pa < b->pa; pa -= WORD) {
		if (!read_all(m, pa, bytes, WORD))
			return false;
		if (number_at(bytes, WORD) == b->id - 1 && read_block(m, pa, before) && behind(before) == b->pa)
			return true;
	}
	return false;
}

static bool print_blocks(struct memory *m, uint64_t text, const struct printer *out)
{
	struct block b, near;
	bool alone;

	if (text % WORD || !read_block(m, text - WORD, &b))
		return false;
	alone = !read_block(m, behind(&b), &near) || near.id != b.id + 1;
	if (alone && !find_before(m, &b, &near))
		return false;
	for (unsigned n = 0; n < RECORDS_MAX && find_before(m, &b, &near); n++)
		b = near;
	for (unsigned n = 0; n < RECORDS_MAX; n++) {
		print_line(out, b.text, text_length(&b));
		if (!read_block(m, behind(&b), &near) || near.id != b.id + 1)
			break;
		b = near;
	}
	return true;
}

/* ---- before: records */

/* How long the record at pa is; 0: there is none. */
static size_t old_record(struct memory *m, uint64_t pa, char *bytes, size_t *text)
{
	size_t len;

	if (!read_all(m, pa, bytes, OLD_HEAD))
		return 0;
	len = number_at(bytes + OLD_LEN, 2);
	*text = number_at(bytes + OLD_TEXT_LEN, 2);
	if (len < OLD_HEAD || len > OLD_HEAD + TEXT_MAX || *text > len - OLD_HEAD || *text > TEXT_MAX)
		return 0;
	return read_all(m, pa, bytes, OLD_HEAD + *text) ? len : 0;
}

static bool print_old(struct memory *m, uint64_t pa, size_t banner, const struct printer *out)
{
	char bytes[OLD_HEAD + TEXT_MAX];
	size_t text, len = old_record(m, pa, bytes, &text);

	if (!len || text != banner)
		return false;
	for (unsigned n = 0; n < RECORDS_MAX && len; n++) {
		print_line(out, bytes + OLD_HEAD, text);
		pa += len;
		len = old_record(m, pa, bytes, &text);
	}
	return true;
}

/* ---- where the banner was logged */

/* The same text, as it was made printable; and no newline behind it. */
static bool is_logged(const struct linux_banner *b, const char *text, size_t room)
{
	size_t len = strlen(b->text);

	if (room <= len || text[len] == '\n')
		return false;
	for (size_t n = 0; n < len; n++)
		if (b->text[n] != (text[n] >= ' ' && text[n] <= '~' ? text[n] : '?'))
			return false;
	return true;
}

static bool print_in_chunk(const struct linux_banner *b, uint64_t pa, const struct printer *out)
{
	struct memory *m = &b->vcpu->guest->memory;
	char bytes[CHUNK + LINUX_BANNER_MAX];
	ssize_t read = memory_read_phys(m, pa, bytes, sizeof(bytes));
	const char *at = bytes, *end = bytes + (read > 0 ? read : 0);

	while ((at = memmem(at, (size_t)(end - at), LINUX_PREFIX, strlen(LINUX_PREFIX))) && at < bytes + CHUNK) {
		uint64_t text = pa + (uint64_t)(at - bytes);

		if (is_logged(b, at, (size_t)(end - at)) &&
			(print_blocks(m, text, out) || print_old(m, text - OLD_HEAD, strlen(b->text), out)))
			return true;
		at++;
	}
	return false;
}

/* The ring is the kernel's own at first, and in its image. */
int linux_text_print(const struct linux_banner *b, const struct printer *out)
{
	uint64_t from = b->pa & ~(CHUNK - 1), start = from > LINUX_REACH ? from - LINUX_REACH : 0;

	for (uint64_t pa = from; pa < from + LINUX_REACH; pa += CHUNK)
		if (print_in_chunk(b, pa, out))
			return 0;
	for (uint64_t pa = start; pa < from; pa += CHUNK)
		if (print_in_chunk(b, pa, out))
			return 0;
	return -ENOENT;
}
