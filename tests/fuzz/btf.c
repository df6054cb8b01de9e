/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer entry point: two files of a kernel's types, the first of so many bytes as its first two say. What is checked, besides what
 * the sanitizers see: a refusal has its sentence.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined -I stub -D_GNU_SOURCE, stub/attach/btf.c and stub/refuse.c. To begin with, there are
 * files of /sys/kernel/btf of small modules.
 */
#include "attach/btf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(bool good, const char *what, const char *text)
{
	if (good)
		return;
	fprintf(stderr, "%s (%s)\n", what, text);
	abort();
}

/* With nothing behind it that could be read. */
static struct btf_bytes copy(const uint8_t *bytes, size_t n)
{
	void *to = malloc(n ? n : 1);

	check(to, "no memory", "");
	memcpy(to, bytes, n);
	return (struct btf_bytes){ to, n };
}

static void try_files(const struct btf_bytes *base, const struct btf_bytes *split)
{
	struct btf_member_at members[] = {
		{ .type = "kvm", .member = "memslots" },
		{ .type = "kvm", .member = "a" },
		{ .type = "s", .member = "a" },
	};
	char text[200] = "";
	int err = btf_find(base, split, members, 3, &(struct refusal){ text, sizeof(text) });

	check(!err || text[0], "a refusal without a sentence", "");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	size_t first = n < 2 ? 0 : bytes[0] | (size_t)bytes[1] << 8;
	struct btf_bytes base, split;

	if (n < 2)
		return 0;
	first = first < n - 2 ? first : n - 2;
	base = copy(bytes + 2, first);
	split = copy(bytes + 2 + first, n - 2 - first);
	try_files(&base, NULL);
	try_files(&base, &split);
	free((void *)base.bytes);
	free((void *)split.bytes);
	return 0;
}
