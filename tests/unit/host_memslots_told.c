/* SPDX-License-Identifier: BSD-2-Clause */
/* What the user tells of where a guest's memory is, and the table that it goes into. */
#include "attach/memslots.h"
#include "tap.h"

#include <errno.h>

static const struct {
	const char *text;
	int err;
	uint64_t gpa, size, hva;
} told[] = {
	{ "0x40000000:128M:0x7f3200000000", 0, 0x40000000, 128 << 20, 0x7f3200000000 },
	{ "0:4096:0x1000", 0, 0, 4096, 0x1000 },
	{ "4096:4K:8192", 0, 4096, 4096, 8192 },
	{ "0x100000000:2G:0x10000000", 0, 0x100000000, 2ull << 30, 0x10000000 },
	{ "0x10000000000:1T:0", 0, 0x10000000000, 1ull << 40, 0 },
	{ "", -EINVAL, 0, 0, 0 },
	{ "0", -EINVAL, 0, 0, 0 },
	{ "0:1", -EINVAL, 0, 0, 0 },
	{ "0:1:", -EINVAL, 0, 0, 0 },
	{ ":1:2", -EINVAL, 0, 0, 0 },
	{ "0x:1:2", -EINVAL, 0, 0, 0 },
	{ "0:1:2:", -EINVAL, 0, 0, 0 },
	{ "0:1:2 ", -EINVAL, 0, 0, 0 },
	{ "0:1:2K", -EINVAL, 0, 0, 0 },
	{ "1K:1:2", -EINVAL, 0, 0, 0 },
	{ "0:1KK:2", -EINVAL, 0, 0, 0 },
	{ "0:1k:2", -EINVAL, 0, 0, 0 },
	{ "0:-1:2", -EINVAL, 0, 0, 0 },
	{ " 0:1:2", -EINVAL, 0, 0, 0 },
	{ "0:+1:2", -EINVAL, 0, 0, 0 },
	{ "0:08:2", -EINVAL, 0, 0, 0 },
	{ "0:18446744073709551616:2", -EINVAL, 0, 0, 0 },
	{ "0:16777216T:2", -EINVAL, 0, 0, 0 },
	{ "0:0:2", -EINVAL, 0, 0, 0 },
	{ "0xfffffffffffff000:8K:0", -EINVAL, 0, 0, 0 },
	{ "0:8K:0xfffffffffffff000", -EINVAL, 0, 0, 0 },
	{ "0xfffffffffffff000:4K:0xfffffffffffff000", 0, 0xfffffffffffff000, 4096, 0xfffffffffffff000 },
};

static void test_parse(void)
{
	char why[200];

	for (unsigned i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct memslots slots = { 0 };
		const struct memslot *s;
		int err;

		why[0] = 0;
		err = memslots_parse(told[i].text, &slots, &(struct refusal){ why, sizeof(why) });
		s = slots.slot;
		ok(err == told[i].err && slots.n == !err && !why[0] == !err, "\"%s\"", told[i].text);
		if (err)
			printf("# %s\n", why);
		else
			ok(s->gpa == told[i].gpa && s->size == told[i].size && s->hva == told[i].hva && !s->flags,
				"is what it says");
		memslots_free(&slots);
	}
}

static void test_table(void)
{
	struct memslots slots = { 0 };
	char why[200] = "";
	struct refusal to = { why, sizeof(why) };

	is_int(memslots_parse("0x2000:0x2000:0x10000", &slots, &to), 0, "one is told");
	is_int(memslots_parse("0x3000:0x1000:0", &slots, &to), -EEXIST, "another that overlaps its end");
	is_str(why, "--ram 0x3000:0x1000:0: it overlaps memory that was told before", "which is said");
	is_int(memslots_parse("0x1000:0x1001:0", &slots, &to), -EEXIST, "or its beginning");
	is_int(memslots_parse("0:1M:0", &slots, &to), -EEXIST, "or all of it");
	is_int(memslots_parse("0x4000:0x1000:0x10000", &slots, &to), 0, "or lies behind it, with the same memory");
	is_int(memslots_parse("0x1000:0x1000:0x30000", &slots, &to), 0, "or before it");
	is_int(slots.n, 3, "three are there");
	ok(slots.slot[0].gpa == 0x1000 && slots.slot[1].gpa == 0x2000 && slots.slot[2].gpa == 0x4000, "sorted");
	ok(memslots_at(&slots, 0x3fff) == &slots.slot[1] && memslots_at(&slots, 0x4000) == &slots.slot[2],
		"an address is in one of them");
	ok(!memslots_at(&slots, 0xfff) && !memslots_at(&slots, 0x5000), "or in none");
	is_str(slots.source, "--ram", "who told");
	ok(!memslots_changed(&slots), "nobody can say whether they change");
	memslots_free(&slots);
	ok(!slots.n && !slots.slot, "freed");
}

/* Neither a VM nor a way to ask it. */
static void test_nothing(void)
{
	struct memslots_vm vm = { .pid = 1, .vm_fd = -1, .vm_copy = -1, .page_size = 4096, .occupied = UINT64_MAX };
	struct memslots slots = { 0 };
	char why[400] = "";

	ok(memslots_find(&vm, &slots, &(struct refusal){ why, sizeof(why) }) < 0 && !slots.n, "without a VM nothing is found");
	ok(strstr(why, "--ram GPA:SIZE:HVA"), "but one can tell");
	diag("refused", why);
	memslots_free(&slots);
}

int main(void)
{
	test_parse();
	test_table();
	test_nothing();
	return done();
}
