/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of 64-bit Power: real mode, and radix trees made by hand, with what is wrong in every way. */
#include "arch/ppc64.h"
#include "walk_fixture.h"

#define RAM 0x100000ull
#define HIGH 0x00fffffffff80000ull /* takes 56 bits of address */
#define PROCESSES (RAM + 0x4000)
#define ROOT (RAM + 0x10000)	  /* 13 bits: 64 KiB */
#define USER_ROOT (RAM + 0x20000) /* the same */
#define TABLE(n) (RAM + 0x30000 + 0x1000 * (n))

#define ON (PPC_MSR_SF | PPC_MSR_LE | PPC_MSR_IR | PPC_MSR_DR)
#define REAL (PPC_MSR_SF | PPC_MSR_LE)
#define GR (1ull << 63)
#define RTS_52 (2ull << 61 | 5ull << 5)
#define V (1ull << 63)
#define L (1ull << 62)
#define PRIV 8ull
#define R 4ull
#define RW 2ull
#define X 1ull
#define LEAF (V | L | 0x180 | R | RW | X)
#define PID 5

#define KERNEL 0xc0023456789abcdeull
#define USER 0x000f456789abcdefull

static const struct size {
	const char *name;
	unsigned level, shift, last; /* last: bits of the last table */
} sizes[] = { { "1 GiB", 2, 30, 0 }, { "2 MiB", 3, 21, 0 }, { "64 KiB", 4, 16, 5 }, { "4 KiB", 4, 12, 9 } };

static void put(uint64_t pa, uint64_t value)
{
	fake_put(f, pa, __builtin_bswap64(value), 8);
}

static void set(uint64_t key, uint64_t value)
{
	fake_set(&f->view, key, value);
}

/* A process table of 4 KiB: process 0's tree at ROOT, another's at USER_ROOT. */
static void start(uint64_t msr)
{
	walk_init(&walker, &arch_ppc64le, RAM, HIGH);
	set(PPC_MSR, msr);
	set(PPC_PID, PID);
	set(PPC_PROCESS_TABLE, GR | PROCESSES);
	put(PROCESSES, RTS_52 | ROOT | 13);
	put(PROCESSES + 16 * PID, RTS_52 | USER_ROOT | 13);
}

static unsigned index_of(uint64_t va, unsigned shift, unsigned bits)
{
	return va >> shift & ((1u << bits) - 1);
}

/* Where the entry of a level is for an address, in tables one behind the other; `last` as in struct size. */
static uint64_t entry_at(uint64_t va, unsigned level, unsigned last)
{
	if (level == 1)
		return (va >> 62 ? ROOT : USER_ROOT) + 8 * index_of(va, 39, 13);
	if (level == 4)
		return TABLE(2) + 8 * index_of(va, last == 5 ? 16 : 12, last);
	return TABLE(level - 2) + 8 * index_of(va, level == 2 ? 30 : 21, 9);
}

/* Down to this level, where the entry is. */
static void build(uint64_t va, unsigned level, unsigned last, uint64_t entry)
{
	start(ON);
	for (unsigned i = 1; i < level; i++)
		put(entry_at(va, i, last), V | TABLE(i - 1) | (i < 3 ? 9 : last));
	put(entry_at(va, level, last), entry);
}

static void test_sizes(uint64_t va)
{
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct size *s = &sizes[i];
		uint64_t size = 1ull << s->shift, offset = va & (size - 1), pa = 0x01ff000000000000ull & ~(size - 1);

		build(va, s->level, s->last, LEAF | pa);
		gives(va, pa | offset, size - offset, "%s", s->name);
		is_int(f->reads, s->level + 1, "... one read a level, and one of the process table");
		if (s->shift > 12) {
			build(va, s->level, s->last, LEAF | size >> 1);
			ends(va, -EFAULT, size - offset, "... not aligned");
		}
		build(va, s->level, s->last, 0);
		ends(va, -EFAULT, size - offset, "... not valid");
	}
	build(va, 1, 0, LEAF);
	ends(va, -EFAULT, (1ull << 39) - (va & ((1ull << 39) - 1)), "512 GiB are no page's size");
	build(va, 4, 9, LEAF & ~L);
	ends(va, -EFAULT, 0x1000 - (va & 0xfff), "behind the last level is no table");
}

static void test_access(void)
{
	static const struct {
		uint64_t bits;
		const char *want, *name;
	} cases[] = {
		{ R | RW | X, "rwxu", "for the user too" },
		{ PRIV | R | RW | X, "rwx-", "privileged" },
		{ PRIV | RW, "rw--", "who may write may read" },
		{ R, "r--u", "read-only" },
		{ PRIV | X, "--x-", "execute-only" },
		{ 0, "----", "nothing at all" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(KERNEL, 4, 9, V | L | cases[i].bits | RAM);
		permits(KERNEL, cases[i].want, cases[i].name);
	}
	build(KERNEL, 4, 9, LEAF | 0x3e00000000000e70ull | RAM);
	gives(KERNEL, RAM + (KERNEL & 0xfff), 0x1000 - (KERNEL & 0xfff), "software's and reserved bits are no address");
}

static void test_quadrants(void)
{
	uint64_t rest = (1ull << 52) - USER;

	build(USER, 4, 9, LEAF | RAM);
	ends(USER | 1ull << 62, -EFAULT, 0x8000000000000000 - USER, "quadrant 1 is no guest's");
	ends(USER | 1ull << 63, -EFAULT, 0x4000000000000000 - USER, "nor is quadrant 2");
	is_int(f->reads, 0, "... and nothing is read");
	ends(1ull << 52, -EFAULT, 0xbff0000000000000, "beyond 52 bits, to the next quadrant that is one");
	ends(KERNEL | 1ull << 61, -EFAULT, -(KERNEL | 1ull << 61), "the same in the last one");
	gives(USER, RAM + (USER & 0xfff), 0x1000 - (USER & 0xfff), "quadrant 0 is by PID");
	set(PPC_PID, PID + 1);
	ends(USER, -EFAULT, rest, "... a process without a tree");
	set(PPC_PID, 0);
	put(PROCESSES, RTS_52 | USER_ROOT | 13);
	gives(USER, RAM + (USER & 0xfff), 0x1000 - (USER & 0xfff), "... process 0 has one, too");
	set(PPC_PID, 255);
	ends(USER, -EFAULT, rest, "... the last entry of 4 KiB");
	is_int(f->reads, 1, "... is read");
	set(PPC_PID, 256);
	ends(USER, -EFAULT, rest, "... and none behind it");
	is_int(f->reads, 0, "... is");
	set(PPC_PROCESS_TABLE, GR | PROCESSES | 1);
	put(PROCESSES + 0x1000, RTS_52 | USER_ROOT | 13);
	gives(USER, RAM + (USER & 0xfff), 0x1000 - (USER & 0xfff), "... in a larger table there is");
	set(PPC_PROCESS_TABLE, GR | PROCESSES | 25);
	ends(USER, -EFAULT, rest, "... which has at most 2^36 bytes");
}

static void fails_with_root(uint64_t prte, int want, uint64_t size, const char *name)
{
	build(KERNEL, 4, 9, LEAF | RAM);
	put(PROCESSES, prte);
	ends(KERNEL, want, size, name);
}

static void fails_with(unsigned level, uint64_t entry, int want, unsigned shift, const char *name)
{
	build(KERNEL, level, 9, entry);
	ends(KERNEL, want, (1ull << shift) - (KERNEL & ((1ull << shift) - 1)), name);
}

static void test_malformed(void)
{
	uint64_t tree = (1ull << 52) - (KERNEL & ((1ull << 52) - 1)), slot = (1ull << 39) - (KERNEL & ((1ull << 39) - 1));

	fails_with_root(2ull << 61 | 4ull << 5 | ROOT | 13, -EFAULT, tree, "a tree of 51 bits");
	fails_with_root(3ull << 61 | 5ull << 5 | ROOT | 13, -EFAULT, tree, "of 60 bits");
	fails_with_root(RTS_52 | ROOT | 12, -EFAULT, tree, "a root of 12 bits");
	fails_with_root(RTS_52 | ROOT, -EFAULT, tree, "of none");
	fails_with_root(RTS_52 | ROOT | 31, -EFAULT, tree, "of 31");
	fails_with_root(RTS_52 | (ROOT + 0x8000) | 13, -EFAULT, tree, "that is not aligned");
	fails_with_root(RTS_52 | 0x400000 | 13, -EIO, slot, "outside RAM");
	fails_with(1, V | TABLE(0) | 13, -EFAULT, 39, "a directory of 13 bits below the root");
	fails_with(1, V | TABLE(0) | 5, -EFAULT, 39, "of 5");
	fails_with(2, V | (TABLE(1) + 0x800) | 9, -EFAULT, 30, "that is not aligned");
	fails_with(2, V | 0x0ffffffffffff000 | 9, -EIO, 21, "outside RAM");
	fails_with(3, V | TABLE(2) | 8, -EFAULT, 21, "a last table of 8 bits");
	fails_with(3, V | (TABLE(2) + 0x100) | 9, -EFAULT, 21, "of 9, not aligned");
	start(ON);
	set(PPC_PROCESS_TABLE, GR | 0x400000);
	ends(KERNEL, -EIO, tree, "a process table outside RAM");
	build(KERNEL, 2, 9, V | HIGH | 9);
	put(HIGH + 8 * index_of(KERNEL, 21, 9), LEAF);
	gives(KERNEL, KERNEL & 0x1fffff, 0x200000 - (KERNEL & 0x1fffff), "a table at 56 bits");
}

/* A directory that leads back to itself: as many reads as there are levels, and no more. */
static void test_loop(void)
{
	start(ON);
	put(entry_at(KERNEL, 1, 9), V | TABLE(0) | 9);
	for (unsigned i = 0; i < 512; i++)
		put(TABLE(0) + 8 * i, V | TABLE(0) | 9);
	ends(KERNEL, -EFAULT, 0x1000 - (KERNEL & 0xfff), "a loop");
	is_int(f->reads, 5, "... ends");
}

static void test_real(void)
{
	start(REAL);
	gives(0xc000000000001234, 0x1234, (1ull << 60) - 0x1234, "real mode: the top bits do not count");
	ok(arch_ppc64le.walk.aliases(&f->view, 0xc000000000001234) == 0x3fffffffffffedcc,
		"... so it is another address once more");
	start(PPC_MSR_LE);
	gives(0x1fffff000, 0xfffff000, 0x1000, "32-bit mode: the upper half does not");
	f->nregs = 0;
	ends(0, -ENOENT, 0, "an MSR that cannot be read");
}

static void test_32_bit(void)
{
	uint64_t va = 0x89abcdef;

	build(va, 4, 9, LEAF | RAM);
	set(PPC_MSR, PPC_MSR_IR | PPC_MSR_DR);
	gives(0xc000000000000000 | va, RAM + 0xdef, 0x211, "32-bit mode, translated: it is in quadrant 0");
	ok(arch_ppc64le.walk.aliases(&f->view, 0xc000000000000000) == 0x4000000000000000, "... once more");
	set(PPC_PID, PID + 1);
	ends(va, -EFAULT, (1ull << 32) - va, "... and what is not mapped ends with what addresses there are");
	set(PPC_MSR, ON);
	ok(!arch_ppc64le.walk.aliases(&f->view, 0xc000000000000000), "64-bit mode: it is another one");
}

/* With one of the two: what is at the same place for instructions and data. */
static void test_half(uint64_t one)
{
	uint64_t linear = 0xc000000000123456;

	build(linear, 2, 0, LEAF);
	set(PPC_MSR, REAL | one);
	gives(linear, 0x123456, (1ull << 30) - 0x123456, "only one kind is translated: a linear mapping is the same for both");
	ends(0xc000000040000000, -EFAULT, 1ull << 30, "... what is not mapped is not there");
	build(linear, 2, 0, LEAF | 1ull << 30);
	set(PPC_MSR, REAL | one);
	ends(linear, -EOPNOTSUPP, 0, "... and what is at two places is refused");
	ok(strstr(arch_ppc64le.walk.untranslated(&f->view), one == PPC_MSR_IR ? "data are not" : "instructions are not") !=
			NULL,
		"... with a sentence");
}

static void refused(const char *name)
{
	fails(KERNEL, -EOPNOTSUPP, "%s", name);
	ok(strstr(arch_ppc64le.walk.untranslated(&f->view), "H_REGISTER_PROC_TBL") != NULL, "... with a sentence");
}

static int get_nothing_told(struct view *v, uint64_t key, uint64_t *value)
{
	return key == PPC_PROCESS_TABLE ? -ENXIO : fake_get(v, key, value);
}

static void test_unknown(void)
{
	build(KERNEL, 4, 9, LEAF | RAM);
	set(PPC_PROCESS_TABLE, 0);
	refused("no process table is registered");
	set(PPC_PROCESS_TABLE, GR);
	refused("none any more");
	set(PPC_PROCESS_TABLE, PROCESSES);
	refused("one of hash tables");
	f->view.get = get_nothing_told;
	refused("a host that does not know");
	set(PPC_MSR, REAL);
	gives(0x1234, 0x1234, (1ull << 60) - 0x1234, "... in real mode it need not");
}

/* From the process table's entry on. */
static void test_told(void)
{
	const struct arch_entry *e = walker.seen;
	bool right = true;

	build(KERNEL, 4, 5, LEAF | PRIV);
	gives(KERNEL, KERNEL & 0xffff, 0x10000 - (KERNEL & 0xffff), "what a walk finds is told");
	is_int(walker.nseen, 5, "... every entry");
	for (int i = 1; i <= 4; i++)
		right &= e[i].level == i && e[i].gpa == entry_at(KERNEL, i, 5) && e[i].leaf == (i == 4);
	ok(right && e[4].value == (LEAF | PRIV), "... with its level, its place and its value");
	ok(!e->level && !e->leaf && e->gpa == PROCESSES && e->value == (RTS_52 | ROOT | 13),
		"... that of the process table first");
}

/* An entry by chance: a page, or a table in RAM of a size that there is, most of the time. */
static uint64_t any_entry(void)
{
	static const uint8_t bits[] = { 13, 9, 9, 9, 5, 5, 0, 31 };
	uint64_t chance = random64();

	if (chance % 16 == 0)
		return chance;
	if (chance % 4 == 0)
		return V | L | (chance & 0x01ffffffffffffffull);
	return V | RTS_52 | (RAM + (chance >> 8) % FAKE_RAM / 0x1000 * 0x1000) | bits[chance >> 60 & 7];
}

/* Nothing is expected of these but what every walk has to keep to. */
static void test_chance(void)
{
	static const uint64_t msrs[] = { ON, ON, ON, REAL, REAL | PPC_MSR_IR, REAL | PPC_MSR_DR, ON & ~PPC_MSR_SF };
	struct arch_page page;
	unsigned pages = 0;

	for (unsigned i = 0; i < 200; i++) {
		start(msrs[i % 7]);
		for (uint64_t at = RAM; at < RAM + FAKE_RAM; at += 8)
			put(at, any_entry());
		put(PROCESSES, RTS_52 | ROOT | 13);
		put(PROCESSES + 16 * PID, RTS_52 | USER_ROOT | 13);
		for (unsigned n = 0; n < 200; n++)
			pages += !translate(random64() & 0xc00fffffffffffff, &page);
	}
	ok(pages > 1000, "tables by chance: %u pages were found", pages);
}

int main(void)
{
	test_real();
	test_sizes(KERNEL);
	test_sizes(USER);
	test_access();
	test_quadrants();
	test_malformed();
	test_loop();
	test_32_bit();
	test_half(PPC_MSR_IR);
	test_half(PPC_MSR_DR);
	test_unknown();
	test_told();
	test_chance();
	return walks_done();
}
