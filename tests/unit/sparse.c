/* SPDX-License-Identifier: BSD-2-Clause */
/* Which runs of pages are written, and which are holes. */
#include "sparse.h"
#include "tap.h"

#define PAGE 4096
#define AT 0x1230 /* the place in the file says nothing of the pages */

static char written[256];

static int note(void *arg, uint64_t at, const void *bytes, size_t n)
{
	size_t len = strlen(written);

	snprintf(written + len, sizeof(written) - len, "%s%d+%d", len ? " " : "", (int)(at - AT), (int)n);
	return memcmp((const char *)arg + (at - AT), bytes, n) ? -1 : 0;
}

static int fail(void *arg, uint64_t at, const void *bytes, size_t n)
{
	note(arg, at, bytes, n);
	return -28;
}

static char page[8 * PAGE];

/* Bytes that are not zero at these places, behind the last of which is a 0, of so many bytes. */
static void writes(size_t n, const int *set, const char *want, const char *name)
{
	memset(page, 0, sizeof(page));
	for (; *set; set++)
		page[*set] = 1;
	written[0] = '\0';
	is_int(sparse_write(note, page, AT, page, n), 0, name);
	is_str(written, want, "... what is written");
}

int main(void)
{
	writes(0, (int[]){ 0 }, "", "nothing");
	writes(sizeof(page), (int[]){ 0 }, "", "zeroes");
	writes(sizeof(page), (int[]){ 1, 0 }, "0+4096", "the first page");
	writes(sizeof(page), (int[]){ PAGE, 2 * PAGE - 1, 2 * PAGE, 0 }, "4096+8192", "two that follow each other");
	writes(sizeof(page), (int[]){ PAGE + 7, 3 * PAGE, 0 }, "4096+4096 12288+4096", "two that do not");
	writes(sizeof(page), (int[]){ 8 * PAGE - 1, 0 }, "28672+4096", "the last byte");
	writes(2 * PAGE + 3, (int[]){ 2 * PAGE + 2, 0 }, "8192+3", "a page that is cut short");
	writes(1, (int[]){ 0 }, "", "one byte of zero");
	page[0] = page[2 * PAGE] = 1;
	written[0] = '\0';
	is_int(sparse_write(fail, page, AT, page, sizeof(page)), -28, "what can not be written ends it");
	is_str(written, "0+4096", "... at once");
	return done();
}
