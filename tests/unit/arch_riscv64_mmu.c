/* SPDX-License-Identifier: BSD-2-Clause */
/* The page walk of riscv64, on tables made by hand: every mode and size of page, and what is wrong in every way. */
#include "arch/riscv64.h"
#include "walk_fixture.h"

#define RAM 0x80000000ull
#define HIGH 0x00fffffffff80000ull /* takes 56 bits of address */
#define TABLE(n) (RAM + 0x1000 * (n))

#define V 1ull
#define R 2ull
#define W 4ull
#define X 8ull
#define U 0x10ull
#define LEAF (V | R | W | X | 0xf0)
#define N (1ull << 63)
#define PBMT_IO (2ull << 61)
#define PPN(pa) ((pa) >> 12 << 10)

static const struct mode {
	const char *name;
	unsigned satp, levels;
} modes[] = { { "Sv39", 8, 3 }, { "Sv48", 9, 4 }, { "Sv57", 10, 5 } };

static void set_satp(unsigned mode, uint64_t root)
{
	fake_set(&f->view, RV_SATP, (uint64_t)mode << 60 | 0xabcdull << 44 | root >> 12);
}

static unsigned index_of(uint64_t va, unsigned level)
{
	return va >> (12 + 9 * level) & 511;
}

/* Tables from the root down to `level`, where the entry is; each table is one page further on. */
static void build(const struct mode *m, uint64_t va, unsigned level, uint64_t entry)
{
	walk_init(&walker, &arch_riscv64, RAM, HIGH);
	set_satp(m->satp, RAM);
	for (unsigned i = m->levels - 1, table = 0;; i--, table++) {
		uint64_t at = TABLE(table) + 8 * index_of(va, i);

		if (i == level) {
			fake_put(f, at, entry, 8);
			return;
		}
		fake_put(f, at, PPN(TABLE(table + 1)) | V, 8);
	}
}

/* The highest half and the lowest: addresses whose upper bits are copies of the highest that is translated. */
static uint64_t address(const struct mode *m, bool high)
{
	uint64_t bits = 12 + 9 * m->levels, low = 0x00a5a5a5a5a5a5a5ull & ((1ull << (bits - 1)) - 1);

	return high ? low | ~0ull << (bits - 1) : low;
}

static void test_sizes(const struct mode *m)
{
	static const char *const names[] = { "4 KiB", "2 MiB", "1 GiB", "512 GiB", "256 TiB" };

	for (unsigned level = 0; level < m->levels; level++) {
		unsigned shift = 12 + 9 * level;
		uint64_t size = 1ull << shift, pa = 0x00ff000000000000ull & ~(size - 1);

		for (int high = 0; high < 2; high++) {
			uint64_t va = address(m, high), offset = va & (size - 1);

			build(m, va, level, PPN(pa) | LEAF);
			gives(va, pa | offset, size - offset, "%s: %s", m->name, names[level]);
			is_int(f->reads, m->levels - level, "... one read a level");
			ok(walker.nseen == m->levels - level && walker.seen[0].level == (int)m->levels - 1 &&
					walker.seen[walker.nseen - 1].level == (int)level &&
					walker.seen[walker.nseen - 1].value == (PPN(pa) | LEAF),
				"... which is told of");
		}
	}
}

static void test_misaligned(const struct mode *m)
{
	uint64_t va = address(m, true);

	for (unsigned level = 1; level < m->levels; level++) {
		build(m, va, level, PPN(1ull << (12 + 9 * level - 1)) | LEAF);
		fails(va, -EFAULT, "%s: %s", m->name, "a large page that is not aligned");
	}
}

static void test_entries(const struct mode *m)
{
	uint64_t va = address(m, true), offset = va & 0xfff;

	build(m, va, 0, PPN(RAM) | (LEAF & ~V));
	fails(va, -EFAULT, "%s: not valid", m->name);
	build(m, va, 0, PPN(RAM) | V);
	fails(va, -EFAULT, "%s: a pointer on the last level", m->name);
	build(m, va, 0, PPN(RAM) | V | R);
	gives(va, RAM + offset, 0x1000 - offset, "%s: neither accessed nor dirty", m->name);
}

/* Bits that an entry may not have: in a page, in a pointer. */
static const struct bits {
	uint64_t bits;
	bool page, pointer;
	const char *name;
} special[] = {
	{ 0x10, true, false, "U" },
	{ 0x20, true, true, "G" },
	{ 0x40, true, false, "A" },
	{ 0x80, true, false, "D" },
	{ 0x300, true, true, "software's" },
	{ 1ull << 54, false, false, "54" },
	{ 1ull << 55, false, false, "55" },
	{ 1ull << 56, false, false, "56" },
	{ 1ull << 57, false, false, "57" },
	{ 1ull << 58, false, false, "58" },
	{ 3ull << 59, true, true, "59 and 60, software's with Svrsw60t59b" },
	{ 1ull << 61, true, false, "Svpbmt: not cached" },
	{ PBMT_IO, true, false, "Svpbmt: a device's" },
	{ 3ull << 61, false, false, "Svpbmt: reserved" },
	{ N, false, false, "Svnapot, and no size" },
};

static void test_bits(const struct mode *m)
{
	uint64_t va = address(m, false), offset = va & 0xfff;

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		const struct bits *b = &special[i];

		build(m, va, 0, PPN(RAM) | V | R | b->bits);
		if (b->page)
			gives(va, RAM + offset, 0x1000 - offset, "%s: a page may have bits: %s", m->name, b->name);
		else
			fails(va, -EFAULT, "%s: a page may not have bits: %s", m->name, b->name);
		build(m, va, 0, PPN(RAM) | LEAF);
		fake_put(f, TABLE(m->levels - 2) + 8 * index_of(va, 1), PPN(TABLE(m->levels - 1)) | V | b->bits, 8);
		if (b->pointer)
			gives(va, RAM + offset, 0x1000 - offset, "%s: a pointer may have bits: %s", m->name, b->name);
		else
			fails(va, -EFAULT, "%s: a pointer may not have bits: %s", m->name, b->name);
	}
}

/* NULL: reserved, and nothing. */
static const struct {
	uint64_t bits;
	const char *permits;
} permissions[] = {
	{ R, "r---" },
	{ R | W, "rw--" },
	{ X, "--x-" },
	{ R | X, "r-x-" },
	{ R | W | X, "rwx-" },
	{ R | U, "r--u" },
	{ R | W | U, "rw-u" },
	{ X | U, "--xu" },
	{ R | X | U, "r-xu" },
	{ R | W | X | U, "rwxu" },
	{ W, NULL },
	{ W | X, NULL },
	{ W | U, NULL },
	{ W | X | U, NULL },
};

static void test_permissions(const struct mode *m)
{
	uint64_t va = address(m, true);

	for (size_t i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++) {
		build(m, va, i % 2, PPN(RAM & ~0x1fffffull) | V | permissions[i].bits);
		if (permissions[i].permits)
			permits(va, permissions[i].permits, m->name);
		else
			fails(va, -EFAULT, "%s: writable and not readable is reserved", m->name);
	}
}

/* What is not mapped is as large as its entry says, and so is what a table would map that cannot be read. */
static void test_holes(const struct mode *m)
{
	uint64_t va = address(m, false);

	for (unsigned level = 0; level < m->levels; level++) {
		uint64_t size = 1ull << (12 + 9 * level);

		build(m, va, level, 0);
		hole(va, size - (va & (size - 1)), m->name);
		if (!level)
			continue;
		build(m, va, level, PPN(0x40000000ull) | V);
		size >>= 9;
		ends(va, -EIO, size - (va & (size - 1)), m->name);
	}
}

static void test_napot(const struct mode *m)
{
	uint64_t va = address(m, true), offset = va & 0xffff;

	build(m, va, 0, PPN(RAM + 0x8000) | LEAF | N);
	gives(va, RAM + offset, 0x1000 - (va & 0xfff), "%s: %s", m->name, "Svnapot: one entry of 16, of 64 KiB");
	build(m, va, 0, PPN(RAM + 0x4000) | LEAF | N);
	fails(va, -EFAULT, "%s: %s", m->name, "Svnapot: another size is reserved");
	build(m, va, 1, PPN(RAM + 0x8000) | LEAF | N);
	fails(va, -EFAULT, "%s: %s", m->name, "Svnapot: above the last level");
	build(m, va, 1, PPN(RAM) | V | N);
	fails(va, -EFAULT, "%s: %s", m->name, "Svnapot: of a pointer");
}

static void test_canonical(const struct mode *m)
{
	unsigned bits = 12 + 9 * m->levels;
	uint64_t va = address(m, false);

	build(m, va, 0, PPN(RAM) | LEAF);
	fails(va | 1ull << bits, -EFAULT, "%s: %s", m->name, "one bit above what is translated");
	fails(va | 1ull << 63, -EFAULT, "%s: %s", m->name, "the highest bit");
	fails(1ull << (bits - 1), -EFAULT, "%s: %s", m->name, "the first of the hole");
	fails(~0ull << bits, -EFAULT, "%s: %s", m->name, "the last of the hole");
	is_int(f->reads, 0, "... and nothing is read");
}

static void test_tables(const struct mode *m)
{
	uint64_t va = address(m, true);

	build(m, va, 0, PPN(RAM) | LEAF);
	set_satp(m->satp, 0x1000);
	fails(va, -EIO, "%s: %s", m->name, "a root outside RAM");
	build(m, va, 1, PPN(0x40000000ull) | V);
	fails(va, -EIO, "%s: %s", m->name, "a table outside RAM");
	build(m, va, 1, PPN(HIGH) | V);
	fake_put(f, HIGH + 8 * index_of(va, 0), PPN(RAM) | LEAF, 8);
	gives(va, RAM + (va & 0xfff), 0x1000 - (va & 0xfff), "%s: %s", m->name, "a table at 56 bits");
	/* A root that points to itself: as many reads as there are levels, and no more. */
	walk_init(&walker, &arch_riscv64, RAM, HIGH);
	set_satp(m->satp, RAM);
	for (unsigned i = 0; i < 512; i++)
		fake_put(f, RAM + 8 * i, PPN(RAM) | V, 8);
	fails(va, -EFAULT, "%s: %s", m->name, "a loop");
	is_int(f->reads, m->levels, "... ends");
}

static void test_bare(void)
{
	walk_init(&walker, &arch_riscv64, RAM, HIGH);
	set_satp(0, RAM);
	gives(0x80201234, 0x80201234, 0xffff7fdfedcc, "Bare: the address itself");
	gives(0x0001000080201234, 0x0001000080201234, 0xfeffff7fdfedcc, "... with more than 48 bits");
	permits(0x80201234, "rwxu", "Bare");
	gives(0x00ffffffffffffff, 0x00ffffffffffffff, 1, "Bare: the last one");
	fails(0x0100000000000000, -EFAULT, "Bare: beyond 56 bits");
	fails(UINT64_MAX, -EFAULT, "Bare: the last one of all");
}

/* Upper bits that are not the address's, in user mode by senvcfg.PMM, in supervisor mode as KVM was asked for. */
static void test_masking(void)
{
	static const struct mode *const sv39 = &modes[0], *const sv57 = &modes[2];
	uint64_t low39 = address(sv39, false), high39 = address(sv39, true), wide;

	build(sv39, low39, 0, PPN(RAM) | LEAF);
	fake_set(&f->view, RV_SSTATUS, 0);
	fake_set(&f->view, RV_MODE, RV_MODE_U);
	fake_set(&f->view, RV_SENVCFG, 2ull << 32);
	fake_set(&f->view, RV_FWFT_PMLEN, 16);
	gives(low39 | 0x5aull << 57, RAM | (low39 & 0xfff), 0x1000 - (low39 & 0xfff), "7 bits of a user's pointer are masked");
	fails(low39 | 0x1ull << 56, -EFAULT, "... and not an eighth");
	hole(low39 | 0x41ull << 56, 0x41ffffc000000000 - (low39 | 0x41ull << 56),
		"... a hole ends where another tag may begin");
	ok(arch_riscv64.walk.aliases(&f->view, 1ull << 38) == -(1ull << 38) - (1ull << 38) &&
			!arch_riscv64.walk.aliases(&f->view, low39) && !arch_riscv64.walk.aliases(&f->view, high39),
		"all between the halves are others once more");
	fake_set(&f->view, RV_SENVCFG, 3ull << 32);
	gives(low39 | 0x5aa5ull << 48, RAM | (low39 & 0xfff), 0x1000 - (low39 & 0xfff), "16 bits");
	fake_set(&f->view, RV_SSTATUS, 1 << 19);
	fails(low39 | 0x5aa5ull << 48, -EFAULT, "not while MXR is set");
	fake_set(&f->view, RV_SSTATUS, 0);
	fake_set(&f->view, RV_SENVCFG, 0);
	fails(low39 | 0x5aa5ull << 48, -EFAULT, "not when nothing is masked");
	ok(!arch_riscv64.walk.aliases(&f->view, 1ull << 38), "... and nothing is another once more");
	build(sv39, high39, 0, PPN(RAM) | LEAF);
	fake_set(&f->view, RV_SSTATUS, 0);
	fake_set(&f->view, RV_MODE, RV_MODE_S);
	fake_set(&f->view, RV_FWFT_PMLEN, 16);
	gives((high39 & 0xffffffffffff) | 0x1234ull << 48, RAM | (high39 & 0xfff), 0x1000 - (high39 & 0xfff),
		"the kernel's, of the upper half");
	wide = (address(sv57, false) & 0x7fffffffffff) | 0x0012ull << 48;
	build(sv57, wide & 0x7fffffffffff, 0, PPN(RAM) | LEAF);
	fails(wide, -EFAULT, "Sv57: bits of the address");
	fake_set(&f->view, RV_SSTATUS, 0);
	fake_set(&f->view, RV_MODE, RV_MODE_S);
	fake_set(&f->view, RV_FWFT_PMLEN, 16);
	gives(wide, RAM | (wide & 0xfff), 0x1000 - (wide & 0xfff), "... masked as well");
	set_satp(0, RAM);
	gives(0xabcd000080201234, 0x80201234, 0xffff7fdfedcc, "Bare: the upper bits are 0");
	ok(arch_riscv64.walk.aliases(&f->view, 0xabcd000080201234) == -0xabcd000080201234,
		"... and all above are others once more");
	fake_set(&f->view, RV_FWFT_PMLEN, 7);
	hole(0xab00000080201234, 0xffffff7fdfedcc, "... not all of them");
}

static void test_unknown(void)
{
	for (unsigned mode = 1; mode < 16; mode++) {
		if (mode >= 8 && mode <= 10)
			continue;
		walk_init(&walker, &arch_riscv64, RAM, HIGH);
		set_satp(mode, RAM);
		fails(0x80201234, -EOPNOTSUPP, "satp: a reserved mode");
	}
	walk_init(&walker, &arch_riscv64, RAM, HIGH);
	fails(0x80201234, -ENOENT, "satp: that cannot be read");
}

int main(void)
{
	test_bare();
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		test_sizes(&modes[i]);
		test_misaligned(&modes[i]);
		test_entries(&modes[i]);
		test_bits(&modes[i]);
		test_permissions(&modes[i]);
		test_holes(&modes[i]);
		test_napot(&modes[i]);
		test_canonical(&modes[i]);
		test_tables(&modes[i]);
	}
	test_masking();
	test_unknown();
	return walks_done();
}
