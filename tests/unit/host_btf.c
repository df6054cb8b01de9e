/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF made by hand, and what is found in it; and what is none. */
#include "attach/btf.h"
#include "tap.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <unistd.h>

/* A file that is being made, in words. */
struct made {
	uint32_t types[512];
	uint32_t words, n; /* n types: the next has this number and one */
	char strings[512];
	uint32_t strings_size;
	uint32_t strings_before; /* of the file that this one goes on from */
	uint8_t file[4096];
};

#define INFO(kind, n, packed) ((uint32_t)(packed) << 31 | (uint32_t)(kind) << 24 | (uint32_t)(n))

static uint32_t text(struct made *m, const char *s)
{
	uint32_t at = m->strings_size;

	memcpy(m->strings + at, s, strlen(s) + 1);
	m->strings_size += (uint32_t)strlen(s) + 1;
	return m->strings_before + at;
}

static void word(struct made *m, uint32_t w)
{
	m->types[m->words++] = w;
}

/* Its number. */
static uint32_t type(struct made *m, const char *name, uint32_t info, uint32_t size_or_type)
{
	word(m, name ? text(m, name) : 0);
	word(m, info);
	word(m, size_or_type);
	return ++m->n;
}

static void member(struct made *m, const char *name, uint32_t of, uint32_t bits)
{
	word(m, name ? text(m, name) : 0);
	word(m, of);
	word(m, bits);
}

static struct btf_bytes finish(struct made *m)
{
	struct btf_header h = { .magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = 4 * m->words,
		.str_off = 4 * m->words,
		.str_len = m->strings_size };

	memcpy(m->file, &h, sizeof(h));
	memcpy(m->file + sizeof(h), m->types, 4 * m->words);
	memcpy(m->file + sizeof(h) + 4 * m->words, m->strings, m->strings_size);
	return (struct btf_bytes){ m->file, sizeof(h) + 4 * m->words + m->strings_size };
}

enum {
	INT = 1,
	POINTER,
	ALIAS,
	ARRAY,
	INNER,
	OUTER
};

/* What a kernel has in a structure of any interest. */
static void make_base(struct made *m)
{
	m->strings_size = 1;
	type(m, "int", INFO(BTF_KIND_INT, 0, 0), 4);
	word(m, 32);
	type(m, NULL, INFO(BTF_KIND_PTR, 0, 0), INT);
	type(m, "alias", INFO(BTF_KIND_TYPEDEF, 0, 0), INT);
	type(m, NULL, INFO(BTF_KIND_ARRAY, 0, 0), 0);
	word(m, POINTER);
	word(m, INT);
	word(m, 7);
	type(m, NULL, INFO(BTF_KIND_UNION, 2, 0), 8); /* INNER */
	member(m, "one", ALIAS, 0);
	member(m, "other", POINTER, 0);
	type(m, "outer", INFO(BTF_KIND_STRUCT, 4, 1), 80);
	member(m, "bits", INT, 3 << 24 | 1);
	member(m, "first", INT, 32);
	member(m, NULL, INNER, 64);
	member(m, "table", ARRAY, 128);
	type(m, "e", INFO(BTF_KIND_ENUM64, 1, 0), 8);
	word(m, text(m, "E"));
	word(m, 1);
	word(m, 0);
}

static int look(const struct btf_bytes *base, const struct btf_bytes *split, struct btf_member_at *members, unsigned n,
	char *why, size_t size)
{
	return btf_find(base, split, members, n, &(struct refusal){ why, size });
}

static bool is_at(const struct btf_member_at *m, uint32_t at, uint32_t size, uint32_t count)
{
	bool good = ok(m->at == at && m->size == size && m->count == count, "%s.%s", m->type, m->member);

	if (!good)
		printf("# at %u, %u bytes, %u of them\n", m->at, m->size, m->count);
	return good;
}

static void test_members(void)
{
	struct made m = { 0 };
	struct btf_member_at members[] = {
		{ .type = "outer", .member = "table" },
		{ .type = "outer", .member = "other" },
		{ .type = "outer", .member = "one" },
		{ .type = "outer", .member = "first" },
	};
	struct btf_member_at none = { .type = "outer", .member = "bits" }, nowhere = { .type = "nowhere", .member = "x" };
	struct btf_bytes base;
	char why[200] = "";

	make_base(&m);
	base = finish(&m);
	is_int(look(&base, NULL, members, 4, why, sizeof(why)), 0, "all are found");
	is_at(&members[0], 16, 8, 7);
	is_at(&members[1], 8, 8, 1);
	is_at(&members[2], 8, 4, 1);
	is_at(&members[3], 4, 4, 1);
	is_int(look(&base, NULL, &none, 1, why, sizeof(why)), -ENOENT, "bits are at no byte");
	is_str(why, "this kernel's struct outer has no member bits", "which is said");
	is_int(look(&base, NULL, &nowhere, 1, why, sizeof(why)), -ENOENT, "a struct that is not there");
	is_str(why, "the kernel's types (BTF) have no struct nowhere", "which is said");
}

/* A module's struct, of a type of the kernel's; and one that is as well in the kernel, where it lacks a member. */
static void test_split(void)
{
	struct made m = { 0 }, module = { 0 };
	struct btf_member_at members[] = { { .type = "more", .member = "x" }, { .type = "outer", .member = "first" } };
	struct btf_bytes base, split;
	char why[200] = "";

	make_base(&m);
	base = finish(&m);
	module.n = m.n;
	module.strings_before = m.strings_size;
	type(&module, "more", INFO(BTF_KIND_STRUCT, 2, 0), 24);
	member(&module, "x", ARRAY, 8 * 8);
	member(&module, "y", module.n, 0);
	type(&module, "outer", INFO(BTF_KIND_STRUCT, 1, 0), 4);
	member(&module, "only", INT, 0);
	split = finish(&module);
	is_int(look(&base, &split, members, 2, why, sizeof(why)), 0, "a module's types go on from the kernel's");
	is_at(&members[0], 8, 8, 7);
	is_at(&members[1], 4, 4, 1);
	is_int(look(&base, NULL, members, 2, why, sizeof(why)), -ENOENT, "they are not the kernel's");
}

/* Types that lead to themselves. */
static void test_circles(void)
{
	struct made m = { 0 };
	struct btf_member_at member_of = { .type = "self", .member = "x" };
	struct btf_bytes base;
	char why[200] = "";

	m.strings_size = 1;
	type(&m, "self", INFO(BTF_KIND_STRUCT, 100, 0), 4);
	for (unsigned i = 0; i < 99; i++)
		member(&m, NULL, 1, 0);
	member(&m, "x", 2, 0);
	type(&m, "t", INFO(BTF_KIND_TYPEDEF, 0, 0), 2);
	base = finish(&m);
	is_int(look(&base, NULL, &member_of, 1, why, sizeof(why)), -ENOENT, "types that lead to themselves have an end");
	m.types[3 * 101 + 1] = INFO(BTF_KIND_ARRAY, 0, 0);
	word(&m, 2);
	word(&m, 2);
	word(&m, 1u << 31);
	base = finish(&m);
	is_int(look(&base, NULL, &member_of, 1, why, sizeof(why)), -ENOENT, "and so do arrays of themselves");
}

/* Every beginning of it, and every byte changed, is read within its bounds: under ASan that shows. */
static void test_nonsense(void)
{
	struct made m = { 0 };
	struct btf_member_at members[] = { { .type = "outer", .member = "table" }, { .type = "outer", .member = "one" } };
	struct btf_bytes base, copy;
	unsigned refused = 0, silent = 0;
	uint8_t *bytes;
	char why[200];

	make_base(&m);
	base = finish(&m);
	for (size_t i = 0; i < 2 * base.size; i++) {
		copy.size = i < base.size ? i : base.size;
		copy.bytes = bytes = malloc(copy.size + 1);
		memcpy(bytes, base.bytes, copy.size);
		if (i >= base.size)
			bytes[i - base.size] ^= 0xff;
		why[0] = 0;
		if (look(&copy, NULL, members, 2, why, sizeof(why))) {
			refused++;
			silent += !why[0];
		}
		free(bytes);
	}
	ok(refused >= base.size, "what is cut short is refused");
	is_int(silent, 0, "always with a sentence");
}

static void test_file(void)
{
	struct btf_bytes file;

	is_int(btf_read("/nonexistent", &file), -ENOENT, "a file that is not there");
	ok(!btf_read("/proc/self/exe", &file) && file.size > 1000 && !memcmp(file.bytes, "\177ELF", 4), "a file is read");
	ok(btf_find(&file, NULL, &(struct btf_member_at){ .type = "x", .member = "y" }, 1, NULL) == -EINVAL,
		"and is none of BTF");
	free((void *)file.bytes);
}

int main(void)
{
	test_members();
	test_split();
	test_circles();
	test_nonsense();
	test_file();
	return done();
}
