/* SPDX-License-Identifier: BSD-2-Clause */
/* The page walk of riscv64, on tables made by hand: every mode and size of page, and what is wrong in every way. */
#include "arch/riscv64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define RAM 0x80000000ull
#define HIGH 0x00fffffffff80000ull /* takes 56 bits of address */
#define TABLE(n) (RAM + 0x1000 * (n))

#define V 1ull
#define R 2ull
#define W 4ull
#define X 8ull
#define LEAF (V | R | W | X | 0xf0)
#define N (1ull << 63)
#define PBMT_IO (2ull << 61)
#define PPN(pa) ((pa) >> 12 << 10)

static struct fake_vcpu f;

static const struct mode {
	const char *name;
	unsigned satp, levels;
} modes[] = { { "Sv39", 8, 3 }, { "Sv48", 9, 4 }, { "Sv57", 10, 5 } };

static void set_satp(unsigned mode, uint64_t root)
{
	fake_set(&f.view, RV_SATP, (uint64_t)mode << 60 | 0xabcdull << 44 | root >> 12);
}

static unsigned index_of(uint64_t va, unsigned level)
{
	return va >> (12 + 9 * level) & 511;
}

/* Tables from the root down to `level`, where the entry is; each table is one page further on. */
static void build(const struct mode *m, uint64_t va, unsigned level, uint64_t entry)
{
	fake_init(&f, RAM, HIGH);
	set_satp(m->satp, RAM);
	for (unsigned i = m->levels - 1, table = 0;; i--, table++) {
		uint64_t at = TABLE(table) + 8 * index_of(va, i);

		if (i == level) {
			fake_put(&f, at, entry, 8);
			return;
		}
		fake_put(&f, at, PPN(TABLE(table + 1)) | V, 8);
	}
}

static int translate(uint64_t va, struct arch_page *page)
{
	*page = (struct arch_page){ 0 };
	f.reads = 0;
	return arch_riscv64.translate(&f.view, va, page);
}

static void gives(uint64_t va, uint64_t pa, uint64_t size, const char *name, const char *more)
{
	struct arch_page page;
	int err = translate(va, &page);

	if (!ok(!err && page.pa == pa && page.size == size, "%s: %s", name, more))
		printf("# got %d, 0x%" PRIx64 ", size 0x%" PRIx64 "\n", err, page.pa, page.size);
}

static void fails(uint64_t va, int want, const char *name, const char *more)
{
	struct arch_page page;
	int err = translate(va, &page);

	if (!ok(err == want, "%s: %s", name, more))
		printf("# got %d\n", err);
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
			gives(va, pa | offset, size - offset, m->name, names[level]);
			is_int(f.reads, m->levels - level, "... one read a level");
		}
	}
}

static void test_misaligned(const struct mode *m)
{
	uint64_t va = address(m, true);

	for (unsigned level = 1; level < m->levels; level++) {
		build(m, va, level, PPN(1ull << (12 + 9 * level - 1)) | LEAF);
		fails(va, -EFAULT, m->name, "a large page that is not aligned");
	}
}

static void test_entries(const struct mode *m)
{
	uint64_t va = address(m, true), offset = va & 0xfff;

	build(m, va, 0, PPN(RAM) | (LEAF & ~V));
	fails(va, -EFAULT, m->name, "not valid");
	build(m, va, m->levels - 1, PPN(RAM) | (LEAF & ~V));
	fails(va, -EFAULT, m->name, "not valid in the root");
	build(m, va, 0, PPN(RAM) | V | W);
	fails(va, -EFAULT, m->name, "writable and not readable is reserved");
	build(m, va, 0, PPN(RAM) | V | W | X);
	fails(va, -EFAULT, m->name, "the same, executable");
	build(m, va, 0, PPN(RAM) | V);
	fails(va, -EFAULT, m->name, "a pointer on the last level");
	build(m, va, 0, PPN(RAM) | V | X);
	gives(va, RAM + offset, 0x1000 - offset, m->name, "execute-only");
	build(m, va, 0, PPN(RAM) | V | R);
	gives(va, RAM + offset, 0x1000 - offset, m->name, "read-only, neither accessed nor dirty");
	build(m, va, 0, PPN(RAM) | LEAF | PBMT_IO | 3ull << 8);
	gives(va, RAM + offset, 0x1000 - offset, m->name, "Svpbmt and software's bits are no address");
}

static void test_napot(const struct mode *m)
{
	uint64_t va = address(m, true), offset = va & 0xffff;

	build(m, va, 0, PPN(RAM + 0x8000) | LEAF | N);
	gives(va, RAM + offset, 0x10000 - offset, m->name, "Svnapot: 64 KiB");
	build(m, va, 0, PPN(RAM + 0x4000) | LEAF | N);
	fails(va, -EFAULT, m->name, "Svnapot: another size is reserved");
	build(m, va, 1, PPN(RAM + 0x8000) | LEAF | N);
	fails(va, -EFAULT, m->name, "Svnapot: above the last level");
	build(m, va, 1, PPN(RAM) | V | N);
	fails(va, -EFAULT, m->name, "Svnapot: of a pointer");
}

static void test_canonical(const struct mode *m)
{
	unsigned bits = 12 + 9 * m->levels;
	uint64_t va = address(m, false);

	build(m, va, 0, PPN(RAM) | LEAF);
	fails(va | 1ull << bits, -EFAULT, m->name, "one bit above what is translated");
	fails(va | 1ull << 63, -EFAULT, m->name, "the highest bit");
	fails(1ull << (bits - 1), -EFAULT, m->name, "the first of the hole");
	fails(~0ull << bits, -EFAULT, m->name, "the last of the hole");
	is_int(f.reads, 0, "... and nothing is read");
}

static void test_tables(const struct mode *m)
{
	uint64_t va = address(m, true);

	build(m, va, 0, PPN(RAM) | LEAF);
	set_satp(m->satp, 0x1000);
	fails(va, -EIO, m->name, "a root outside RAM");
	build(m, va, 1, PPN(0x40000000ull) | V);
	fails(va, -EIO, m->name, "a table outside RAM");
	build(m, va, 1, PPN(HIGH) | V);
	fake_put(&f, HIGH + 8 * index_of(va, 0), PPN(RAM) | LEAF, 8);
	gives(va, RAM + (va & 0xfff), 0x1000 - (va & 0xfff), m->name, "a table at 56 bits");
	/* A root that points to itself: as many reads as there are levels, and no more. */
	fake_init(&f, RAM, HIGH);
	set_satp(m->satp, RAM);
	for (unsigned i = 0; i < 512; i++)
		fake_put(&f, RAM + 8 * i, PPN(RAM) | V, 8);
	fails(va, -EFAULT, m->name, "a loop");
	is_int(f.reads, m->levels, "... ends");
}

static void test_bare(void)
{
	fake_init(&f, RAM, HIGH);
	set_satp(0, RAM);
	gives(0x80201234, 0x80201234, 0x00ffffff7fdfedcc, "Bare", "the address itself");
	gives(0x00ffffffffffffff, 0x00ffffffffffffff, 1, "Bare", "the last one");
	fails(0x0100000000000000, -EFAULT, "Bare", "beyond 56 bits");
	fails(UINT64_MAX, -EFAULT, "Bare", "the last one of all");
}

static void test_unknown(void)
{
	for (unsigned mode = 1; mode < 16; mode++) {
		if (mode >= 8 && mode <= 10)
			continue;
		fake_init(&f, RAM, HIGH);
		set_satp(mode, RAM);
		fails(0x80201234, -EOPNOTSUPP, "satp", "a reserved mode");
	}
	fake_init(&f, RAM, HIGH);
	fails(0x80201234, -ENOENT, "satp", "that cannot be read");
}

int main(void)
{
	test_bare();
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		test_sizes(&modes[i]);
		test_misaligned(&modes[i]);
		test_entries(&modes[i]);
		test_napot(&modes[i]);
		test_canonical(&modes[i]);
		test_tables(&modes[i]);
	}
	test_unknown();
	return done();
}
