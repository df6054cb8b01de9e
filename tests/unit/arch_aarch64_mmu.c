/* SPDX-License-Identifier: BSD-2-Clause */
/* The page walk of arm64, on tables made by hand: every granule and size of block, and what is wrong in every way. */
#include "arch/aarch64.h"
#include "walk_fixture.h"

#define RAM 0x40000000ull
#define HIGH 0x000f800000000000ull /* takes 52 bits of address */

/* TCR_EL1 */
#define T0SZ(n) ((uint64_t)(n))
#define T1SZ(n) ((uint64_t)(n) << 16)
#define TG0(n) ((uint64_t)(n) << 14)
#define TG1(n) ((uint64_t)(n) << 30)
#define IPS(n) ((uint64_t)(n) << 32)
#define EPD0 (1ull << 7)
#define EPD1 (1ull << 23)
#define TBI0 (1ull << 37)
#define TBI1 (1ull << 38)
#define DS (1ull << 59)

/* 48 bits in both halves, 4 KiB pages, 48-bit output. */
/* Cacheability and shareability of tables, A1, AS: as Linux sets them; no walk depends on them. */
#define TCR_ATTRS 0x1035403500ull
#define TCR_4K (T0SZ(16) | T1SZ(16) | TG0(0) | TG1(2) | IPS(5) | TCR_ATTRS)

static void set(uint64_t key, uint64_t value)
{
	fake_set(&f->view, key, value);
}

static void start(uint64_t tcr)
{
	walk_init(&walker, &arch_aarch64, RAM, HIGH);
	set(A64_PSTATE, 0x3c5);
	set(A64_SCTLR_EL1, 1);
	set(A64_TCR_EL1, tcr);
	set(A64_TTBR0_EL1, RAM);
	set(A64_TTBR1_EL1, RAM);
}

/* A way down: from the level whose index begins at the first of the shifts to the one that ends at the last. */
struct way {
	const char *name;
	uint64_t tcr;
	uint64_t va;
	unsigned va_bits, index_bits;
	uint8_t shifts[6]; /* ends with 0 */
	uint64_t leaf;	   /* its descriptor */
	uint64_t pa;	   /* of the page or block */
};

#define VA0 0x0000123456789abcull
#define VA1 0xffff923456789abcull

static const struct way ways[] = {
	{ "4K page, TTBR0", TCR_4K, VA0, 48, 9, { 39, 30, 21, 12 }, 0x0000000076543003, 0x76543000 },
	{ "4K page, TTBR1", TCR_4K, VA1, 48, 9, { 39, 30, 21, 12 }, 0x0060000076543f03, 0x76543000 },
	{ "4K, 2M block", TCR_4K, VA0, 48, 9, { 39, 30, 21 }, 0x0060000076600701, 0x76600000 },
	{ "4K, 1G block", TCR_4K, VA1, 48, 9, { 39, 30 }, 0x0060000fc0000701, 0xfc0000000 },
	{ "4K, 39 bits", T0SZ(25) | IPS(2), 0x3456789abc, 39, 9, { 30, 21, 12 }, 0x76543003, 0x76543000 },
	{ "4K, 30 bits", T0SZ(34) | IPS(2), 0x16789abc, 30, 9, { 21, 12 }, 0x76543003, 0x76543000 },
	{ "4K, 16 bits (FEAT_TTST)", T0SZ(48) | IPS(2), 0x9abc, 16, 9, { 12 }, 0x76543003, 0x76543000 },
	{ "4K, 52 bits (FEAT_LPA2), from level -1", T0SZ(12) | IPS(6) | DS, 0x000f123456789abc, 52, 9, { 48, 39, 30, 21, 12 },
		0x0001000076543703, 0x000d000076543000 },
	{ "4K, 512G block (FEAT_LPA2)", T0SZ(12) | IPS(6) | DS, 0x000f123456789abc, 52, 9, { 48, 39 }, 0x0000018000000701,
		0x000c018000000000 },
	{ "16K page, TTBR0", T0SZ(16) | TG0(2) | IPS(5), VA0, 48, 11, { 47, 36, 25, 14 }, 0x76544003, 0x76544000 },
	{ "16K page, TTBR1", T1SZ(16) | TG1(1) | IPS(5), VA1, 48, 11, { 47, 36, 25, 14 }, 0x76544003, 0x76544000 },
	{ "16K, 47 bits", T0SZ(17) | TG0(2) | IPS(5), VA0, 47, 11, { 36, 25, 14 }, 0x76544003, 0x76544000 },
	{ "16K, 32M block", T0SZ(16) | TG0(2) | IPS(5), VA0, 48, 11, { 47, 36, 25 }, 0x76000701, 0x76000000 },
	{ "16K, 52 bits (FEAT_LPA2)", T0SZ(12) | TG0(2) | IPS(6) | DS, 0x000f123456789abc, 52, 11, { 47, 36, 25, 14 },
		0x0002000076544603, 0x000a000076544000 },
	{ "16K, 64G block (FEAT_LPA2)", T0SZ(12) | TG0(2) | IPS(6) | DS, 0x000f123456789abc, 52, 11, { 47, 36 },
		0x0000003000000501, 0x0004003000000000 },
	{ "64K page, TTBR0", T0SZ(16) | TG0(1) | IPS(5), VA0, 48, 13, { 42, 29, 16 }, 0x76540003, 0x76540000 },
	{ "64K page, TTBR1", T1SZ(16) | TG1(3) | IPS(5), VA1, 48, 13, { 42, 29, 16 }, 0x76540003, 0x76540000 },
	{ "64K, 512M block", T0SZ(16) | TG0(1) | IPS(5), VA0, 48, 13, { 42, 29 }, 0x60000701, 0x60000000 },
	{ "64K, 52 bits (FEAT_LPA)", T0SZ(12) | TG0(1) | IPS(6), 0x000f123456789abc, 52, 13, { 42, 29, 16 }, 0x7654b003,
		0x000b000076540000 },
	{ "64K, 4T block (FEAT_LPA)", T0SZ(16) | TG0(1) | IPS(6), VA0, 48, 13, { 42 }, 0x0000040000009001, 0x0009040000000000 },
	{ "64K, 4T block, TCR_EL1.DS is not for it", T0SZ(16) | TG0(1) | IPS(6) | DS, VA0, 48, 13, { 42 }, 0x0000040000009001,
		0x0009040000000000 },
	{ "64K, 17 bits (FEAT_TTST)", T0SZ(47) | TG0(1) | IPS(5), 0x19abc, 17, 13, { 16 }, 0x76540003, 0x76540000 },
	{ "64K, 42 bits", T0SZ(22) | TG0(1) | IPS(5), 0x03456789abc, 42, 13, { 29, 16 }, 0x76540003, 0x76540000 },
};

static uint64_t low(unsigned bits)
{
	return (1ull << bits) - 1;
}

static uint64_t index_at(const struct way *w, unsigned level)
{
	return (w->va & low(w->va_bits)) >> w->shifts[level] & low(w->index_bits);
}

/* Tables one granule apart from RAM on. */
static void lay(const struct way *w, uint64_t leaf)
{
	unsigned page = w->index_bits + 3, i = 0;

	for (; w->shifts[i + 1]; i++)
		fake_put(f, RAM + ((uint64_t)i << page) + 8 * index_at(w, i), (RAM + ((i + 1ull) << page)) | 3, 8);
	fake_put(f, RAM + ((uint64_t)i << page) + 8 * index_at(w, i), leaf, 8);
}

static unsigned levels(const struct way *w)
{
	unsigned n = 0;

	while (w->shifts[n])
		n++;
	return n;
}

/* The level of a shift is the same wherever a walk begins. */
static void is_seen(const struct way *w)
{
	bool good = walker.nseen == levels(w);

	for (unsigned i = 0; i < walker.nseen; i++)
		good &= walker.seen[i].level == 3 - (int)((w->shifts[i] - w->index_bits - 3) / w->index_bits);
	ok(good && walker.seen[walker.nseen - 1].value == w->leaf, "... which is told of");
}

/* Without the n-th descriptor of the way all of what it is about is not mapped; where its table is not in RAM, of what that is about. */
static void lacks(const struct way *w, unsigned n)
{
	uint64_t at = RAM + ((uint64_t)n << (w->index_bits + 3)) + 8 * index_at(w, n);
	uint64_t rest = low(w->shifts[n]) + 1 - (w->va & low(w->shifts[n]));

	lay(w, w->leaf);
	fake_put(f, at, w->shifts[n + 1] ? 0 : w->leaf & ~1ull, 8);
	hole(w->va, rest, "... a hole of its size");
	if (w->shifts[n + 1]) {
		fake_put(f, at, 0x90000003, 8);
		ends(w->va, -EIO, low(w->shifts[n + 1]) + 1 - (w->va & low(w->shifts[n + 1])),
			"... a table that is not in RAM");
	}
}

static void test_ways(void)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct way *w = &ways[i];
		unsigned last = w->shifts[levels(w) - 1];
		uint64_t offset = w->va & low(last);

		start(w->tcr);
		lay(w, w->leaf);
		gives(w->va, w->pa + offset, low(last) + 1 - offset, "%s", w->name);
		is_int(f->reads, levels(w), "... one read a level");
		is_seen(w);
		for (unsigned n = 0; n < levels(w); n++)
			lacks(w, n);
	}
}

/* Descriptors that mean nothing at their level. */
static void test_reserved(void)
{
	static const struct way level3 = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30, 21, 12 } };
	static const struct way level0 = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39 } };
	static const struct way level1_16k = { .va = VA0, .va_bits = 48, .index_bits = 11, .shifts = { 47, 36 } };
	static const struct way level1_64k = { .va = VA0, .va_bits = 48, .index_bits = 13, .shifts = { 42 } };

	start(TCR_4K);
	lay(&level3, 0x76543001);
	fails(VA0, -EFAULT, "bit 1 clear at level 3");
	start(TCR_4K);
	lay(&level0, 0x8000000001);
	fails(VA0, -EFAULT, "a block at level 0 without FEAT_LPA2");
	start(T0SZ(16) | TG0(2) | IPS(5));
	lay(&level1_16k, 0x3000000001);
	fails(VA0, -EFAULT, "a 16K block at level 1 without FEAT_LPA2");
	start(T0SZ(16) | TG0(1) | IPS(5));
	lay(&level1_64k, 0x40000000001);
	fails(VA0, -EFAULT, "a 64K block at level 1 without FEAT_LPA");
	start(T0SZ(12) | IPS(6) | DS);
	fake_put(f, RAM, 0x40000001, 8);
	fails(0x1000, -EFAULT, "a block at level -1");
	start(T0SZ(12) | TG0(2) | IPS(6) | DS);
	fake_put(f, RAM, 0x40000001, 8);
	fails(0x1000, -EFAULT, "a 16K block at level 0");
	start(TCR_4K | TG0(3));
	lay(&level3, 0x76543003);
	fails(VA0, -EFAULT, "TG0 3");
	start(T1SZ(16) | IPS(5));
	fails(VA1, -EFAULT, "TG1 0");
}

/* In a page's or block's descriptor. */
#define EL0 (1ull << 6)
#define READ_ONLY (1ull << 7)
#define DBM (1ull << 51)
#define PXN (1ull << 53)
#define UXN (1ull << 54)

/* In a table's. */
#define PXN_TABLE (1ull << 59)
#define UXN_TABLE (1ull << 60)
#define NO_EL0 (1ull << 61)
#define NO_WRITE (1ull << 62)

#define HPD0 (1ull << 41)
#define HD (1ull << 40)
#define WXN (1ull << 19)

/* What a page permits, by itself, by the tables on the way, and by registers. */
static const struct {
	const char *permits;
	uint64_t leaf, table, tcr, sctlr;
} permissions[] = {
	{ "rwx-", 0, 0, 0, 0 }, /* EL1 executes it; so may EL0, which cannot read it */
	{ "rwx-", UXN, 0, 0, 0 },
	{ "rwxu", PXN, 0, 0, 0 }, /* EL0 executes it, and only that */
	{ "rw--", UXN | PXN, 0, 0, 0 },
	{ "rwxu", EL0, 0, 0, 0 },
	{ "rw-u", EL0 | UXN, 0, 0, 0 }, /* EL1 does not execute what EL0 writes */
	{ "rw-u", EL0 | UXN | PXN, 0, 0, 0 },
	{ "r-x-", READ_ONLY, 0, 0, 0 },
	{ "r-x-", READ_ONLY | UXN, 0, 0, 0 },
	{ "r---", READ_ONLY | UXN | PXN, 0, 0, 0 },
	{ "r-xu", READ_ONLY | EL0, 0, 0, 0 },
	{ "r-xu", READ_ONLY | EL0 | UXN, 0, 0, 0 },
	{ "r--u", READ_ONLY | EL0 | UXN | PXN, 0, 0, 0 },
	{ "rwxu", EL0 | PXN, PXN_TABLE, 0, 0 },
	{ "rw-u", EL0, UXN_TABLE, 0, 0 },
	{ "rw--", 0, PXN_TABLE | UXN_TABLE, 0, 0 },
	{ "rwx-", EL0, NO_EL0, 0, 0 },
	{ "r-xu", EL0, NO_WRITE, 0, 0 },
	{ "r-x-", EL0, NO_WRITE | NO_EL0, 0, 0 },
	{ "rwxu", EL0, NO_WRITE | NO_EL0 | PXN_TABLE | UXN_TABLE, HPD0, 0 },
	{ "r---", READ_ONLY | UXN | PXN | DBM, 0, 0, 0 },
	{ "rw--", READ_ONLY | UXN | PXN | DBM, 0, HD, 0 },
	{ "r---", READ_ONLY | UXN | PXN, 0, HD, 0 },
	{ "r---", READ_ONLY | UXN | PXN | DBM, NO_WRITE, HD, 0 },
	{ "rw-u", EL0, 0, 0, WXN },
	{ "r-xu", EL0 | READ_ONLY, 0, 0, WXN },
};

static void test_permissions(void)
{
	static const struct way page = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30, 21, 12 } };
	char name[80];

	for (size_t i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++) {
		for (unsigned table = 0; table < 3; table++) {
			start(TCR_4K | permissions[i].tcr);
			set(A64_SCTLR_EL1, 1 | permissions[i].sctlr);
			lay(&page, 0x76543003 | permissions[i].leaf);
			fake_put(f, RAM + table * 0x1000 + 8 * index_at(&page, table),
				(RAM + (table + 1) * 0x1000) | 3 | permissions[i].table, 8);
			snprintf(name, sizeof(name), "a page with 0x%" PRIx64 " below level %u with 0x%" PRIx64,
				permissions[i].leaf, table, permissions[i].table);
			permits(VA0, permissions[i].permits, name);
		}
	}
}

/* Every entry is the table itself. */
static void start_loop(uint64_t tcr)
{
	start(tcr);
	for (unsigned i = 0; i < 512; i++)
		fake_put(f, RAM + 8 * i, RAM | 3, 8);
}

static void test_loops(void)
{
	start_loop(TCR_4K);
	gives(VA0, RAM + 0xabc, 0x544, "a table of itself: the fourth level is the page");
	is_int(f->reads, 4, "... after four reads");
}

static void test_outside(void)
{
	static const struct way w = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };

	start(TCR_4K);
	set(A64_TTBR0_EL1, 0x1000);
	fails(VA0, -EIO, "TTBR0 outside RAM");
	start(TCR_4K);
	lay(&w, 0x90000003);
	fails(VA0, -EIO, "a table outside RAM");
	start(TCR_4K);
	lay(&w, 0x90000001);
	gives(VA0, 0x90000000 - 0x10000000 + (VA0 & low(30)), low(30) + 1 - (VA0 & low(30)),
		"a block outside RAM is translated");
	start(T0SZ(16) | IPS(0));
	lay(&w, 0x1c0000001);
	fails(VA0, -EFAULT, "an output address above IPS");
	lay(&w, 0x100000003);
	fails(VA0, -EFAULT, "a table above IPS");
	set(A64_TTBR0_EL1, 0x100000000);
	fails(VA0, -EFAULT, "TTBR0 above IPS");
}

/* TCR_EL1.IPS: the first address that is too large for it, and the last that is not. */
static void test_output_sizes(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };
	static const struct way w = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };
	uint64_t offset = VA0 & low(30);

	for (unsigned i = 0; i < sizeof(bits); i++) {
		uint64_t last = (1ull << bits[i]) - (1ull << 30);

		start(T0SZ(16) | IPS(i));
		lay(&w, last | 1);
		gives(VA0, last | offset, low(30) + 1 - offset, "the last block of an output size");
		lay(&w, (last + (1ull << 30)) | 1);
		if (bits[i] < 48)
			fails(VA0, -EFAULT, "... and one above");
	}
}

static void test_sizes(void)
{
	static const struct way w = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };

	start_loop(T0SZ(15) | IPS(5));
	fails(0x1000, -EFAULT, "T0SZ 15 without FEAT_LPA2");
	start_loop(T0SZ(11) | IPS(6) | DS);
	fails(0x1000, -EFAULT, "T0SZ 11 with it");
	start_loop(T0SZ(49) | IPS(5));
	fails(0x1000, -EFAULT, "T0SZ 49");
	start_loop(T0SZ(48) | TG0(1) | IPS(5));
	fails(0x1000, -EFAULT, "T0SZ 48 with 64K");
	start_loop(T0SZ(63) | IPS(5));
	fails(0, -EFAULT, "T0SZ 63");
	start(TCR_4K);
	lay(&w, 0x40000001);
	fails(VA0 | 1ull << 48, -EFAULT, "an address above T0SZ");
	fails(VA0 | 1ull << 54, -EFAULT, "an address far above T0SZ");
	fails(VA1 & ~(1ull << 48), -EFAULT, "an address below T1SZ");
}

static void test_tags(void)
{
	static const struct way w0 = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };
	static const struct way w1 = { .va = VA1, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };
	uint64_t size = low(30) + 1 - (VA0 & low(30)), pa = 0x40000000 | (VA0 & low(30));

	start(TCR_4K | TBI0);
	lay(&w0, 0x40000001);
	gives(VA0 | 0xa5ull << 56, pa, size, "TBI0: a tag is ignored");
	fails(VA0 | 1ull << 50, -EFAULT, "... but not what is below it");
	fails(VA1 & ~(0xa5ull << 56), -EFAULT, "... nor in the upper half");
	start(TCR_4K | TBI1);
	lay(&w1, 0x40000001);
	gives(VA1 & ~(0xa5ull << 56), pa, size, "TBI1: a tag is ignored");
	start(TCR_4K);
	lay(&w0, 0x40000001);
	fails(VA0 | 0xa5ull << 56, -EFAULT, "no TBI: it is not");
}

static void test_disabled(void)
{
	static const struct way w = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };

	start(TCR_4K | EPD0);
	lay(&w, 0x40000001);
	fails(VA0, -EFAULT, "EPD0");
	start_loop(TCR_4K);
	gives(VA1, RAM | 0xabc, 0x544, "neither");
	start_loop(TCR_4K | EPD1);
	lay(&w, 0x40000001);
	gives(VA0, 0x40000000 | (VA0 & low(30)), low(30) + 1 - (VA0 & low(30)), "EPD1 is not for the lower half");
	fails(VA1, -EFAULT, "EPD1");
}

/* What is not mapped ends with an entry, with a half, or where addresses begin to be translated. */
static void test_holes(void)
{
	start_loop(TCR_4K | EPD1);
	hole(VA1, 0x0100000000000000 - (VA1 & low(56)), "a half that is off");
	start_loop(TCR_4K);
	hole(0x0001000000000000, 0x007f000000000000, "above the lower half: to the upper one");
	hole(0x0080000000000000, 0x007f000000000000, "below the upper half, another tag");
	hole(0xff80000000000000, 0x007f000000000000, "below the upper half");
	hole(0xfffeffffffffffff, 1, "... its end");
	hole(0x00ffffffffffffff, 1, "what has another tag than its half");
	ok(!arch_aarch64.walk.aliases(&f->view, low(55)) && !arch_aarch64.walk.aliases(&f->view, 0xff80000000000000),
		"no alias: the halves");
	ok(arch_aarch64.walk.aliases(&f->view, 0x0080000000000000) == 0xff00000000000000 &&
			arch_aarch64.walk.aliases(&f->view, 0xff7fffffffffffff) == 1,
		"aliases: all between them");
}

static void test_identity(void)
{
	start(0);
	set(A64_SCTLR_EL1, 0x30d00800);
	gives(0x40001234, 0x40001234, 0x000fffffbfffedcc, "MMU off");
	permits(0x40001234, "rwxu", "MMU off");
	hole(0x0010000000000000, 0x00f0000000000000, "MMU off, above 52 bits");
	fails(VA1, -EFAULT, "MMU off, upper half");
	set(A64_TCR_EL1, TBI0);
	gives(0xa500000040001000, 0x40001000, 0x000fffffbffff000, "MMU off, TBI0");
}

static void test_modes(void)
{
	start(TCR_4K);
	set(A64_PSTATE, 0x1d3);
	fails(VA0, -EOPNOTSUPP, "AArch32 at EL1");
	set(A64_PSTATE, 0x1f0);
	fails(VA0, -EFAULT, "AArch32 at EL0 is translated");
	set(A64_PSTATE, 0x3c9);
	fails(VA0, -EOPNOTSUPP, "EL2h");
	set(A64_PSTATE, 0);
	fails(VA0, -EFAULT, "EL0 is translated");
	f->nregs = 1;
	fails(VA0, -ENOENT, "a register that cannot be read");
	f->nregs = 0;
	fails(VA0, -ENOENT, "none at all");
}

static void test_big_endian(void)
{
	static const struct way w = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };
	uint8_t *table = f->ram[0].bytes;

	start(TCR_4K);
	set(A64_SCTLR_EL1, 1 | 1 << 25);
	lay(&w, 0x40000001);
	for (unsigned at = 0; at < 0x2000; at += 8)
		for (unsigned i = 0; i < 4; i++) {
			uint8_t byte = table[at + i];

			table[at + i] = table[at + 7 - i];
			table[at + 7 - i] = byte;
		}
	gives(VA0, 0x40000000 | (VA0 & low(30)), low(30) + 1 - (VA0 & low(30)), "big-endian tables");
}

static void test_ttbr(void)
{
	static const struct way w = { .va = VA0, .va_bits = 48, .index_bits = 9, .shifts = { 39, 30 } };
	uint64_t pa = 0x40000000 | (VA0 & low(30)), size = low(30) + 1 - (VA0 & low(30));

	start(TCR_4K);
	lay(&w, 0x40000001);
	set(A64_TTBR0_EL1, 0xabcd000000000000 | RAM | 0x3d);
	gives(VA0, pa, size, "TTBR with an ASID, CnP and what is reserved");
	/* Four entries of level 1: 32 bytes without 52-bit addresses, on 64 with them. */
	start(T0SZ(32) | IPS(2));
	set(A64_TTBR0_EL1, RAM + 0x20);
	fake_put(f, RAM + 0x20 + 8 * 3, 0xc0000001, 8);
	gives(0xc0001234, 0xc0001234, low(30) + 1 - 0x1234, "a first table on 32 bytes");
	start(T0SZ(16) | TG0(1) | IPS(6));
	set(A64_TTBR0_EL1, (HIGH & low(48)) | 0xf << 2);
	fake_put(f, HIGH + 8 * (VA0 >> 42), 0x0000040000009001, 8);
	gives(VA0, 0x0009040000000000 | (VA0 & low(42)), low(42) + 1 - (VA0 & low(42)), "a first table above 48 bits");
}

/* Tables of anything: nothing but an answer within bounds may come of it. */
static void test_noise(void)
{
	unsigned mapped = 0;

	srandom(1);
	start(0);
	for (unsigned at = 0; at < FAKE_RAM; at += 8)
		fake_put(f, RAM + at, (RAM + random() % FAKE_RAM) | (random() & 3), 8);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t va = random64() >> random() % 64;

		set(A64_TCR_EL1, random64());
		set(A64_TTBR0_EL1, RAM + (random() & 0x3ffff));
		mapped += !translate(va, &(struct arch_page){ 0 });
	}
	ok(mapped > 1000, "many of 100000 walks through noise lead somewhere (%u)", mapped);
}

int main(void)
{
	test_ways();
	test_permissions();
	test_reserved();
	test_loops();
	test_outside();
	test_output_sizes();
	test_sizes();
	test_tags();
	test_disabled();
	test_holes();
	test_identity();
	test_modes();
	test_big_endian();
	test_ttbr();
	test_noise();
	return walks_done();
}
