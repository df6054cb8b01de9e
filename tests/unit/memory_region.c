/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What there is in an address space, region by region, from its tables: nothing left out, nothing twice, to its end, and in bounded
 * time whatever the tables say.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "arch/riscv64.h"
#include "arch/x86_64.h"
#include "machine/open.h"
#include "memory/region.h"
#include "sim_host.h"
#include "tap.h"

#define BASE 0x80000000ull
#define RAM 0x20000
#define TABLE(n) (BASE + 0x1000 * (n))
#define SV39 (8ull << 60)
#define LEAF 0xcf /* V R W X A D */
#define BRANCH 1  /* V */

static struct sim_host *sim;
static struct machine *m;

static void put(uint64_t table, unsigned index, uint64_t pa, unsigned bits)
{
	uint64_t entry = pa >> 12 << 10 | bits;

	memcpy(sim->ram + (table - BASE) + 8 * index, &entry, sizeof(entry));
}

static void open_machine(const char *arch)
{
	struct capabilities caps = { 0 };
	char error[256];

	m = calloc(1, sizeof(*m)); /* for good: its threads stay */
	sim = sim_open(arch_find(arch), 1, BASE, RAM);
	if (!sim || !m || machine_open(m, &sim->host, sim->arch, &caps, BATCH_AUTO, error, sizeof(error)))
		exit(1);
}

static bool is_region(uint64_t addr, uint64_t start, uint64_t size, bool mapped, const char *name)
{
	unsigned looks = REGION_LOOKS;
	struct memory_region r = { .start = 1 };
	int err = region_find(&m->guest.vcpus[0]->space, addr, &r, &looks);
	bool good = ok(!err && r.start == start && r.size == size && r.mapped == mapped, "%s", name);

	if (!good)
		printf("# got %d: 0x%" PRIx64 ", 0x%" PRIx64 ", %s\n", err, r.start, r.size,
			r.mapped ? "mapped" : "not mapped");
	return good;
}

/* The whole address space: that each region begins where the one before ends, and how many are mapped. */
static unsigned walk(bool *whole)
{
	struct memory_region r = { .size = 0 };
	unsigned mapped = 0, looks = 10 * REGION_LOOKS;

	for (*whole = false; looks && !*whole; *whole = r.size == UINT64_MAX - r.start) {
		uint64_t next = r.start + r.size;

		if (region_find(&m->guest.vcpus[0]->space, next, &r, &looks) || r.start != next || !r.size)
			return UINT_MAX;
		mapped += r.mapped;
	}
	return mapped;
}

#define PAGES 0x40200000ull	    /* 4 KiB each */
#define LARGE 0x40400000ull	    /* 2 MiB */
#define UPPER 0xffffffffc0000000ull /* 1 GiB, the last one */
#define HALF 0xffffffc000000000ull  /* the upper one begins */

static void test_tables(void)
{
	bool whole;

	put(TABLE(0), 1, TABLE(1), BRANCH);
	put(TABLE(0), 256, 0x80000000, LEAF);
	put(TABLE(0), 511, 0x40000000, LEAF);
	put(TABLE(1), 1, TABLE(2), BRANCH);
	put(TABLE(1), 2, 0x200000, LEAF);
	put(TABLE(1), 4, 0x1234567000, BRANCH); /* a table that is not in RAM */
	put(TABLE(2), 3, TABLE(8), LEAF);
	put(TABLE(2), 4, TABLE(5), LEAF);
	put(TABLE(2), 511, TABLE(8), LEAF);
	sim_set(sim, 0, RV_SATP, SV39 | TABLE(0) >> 12);
	sim_set(sim, 0, RV_MODE, 1);

	is_region(PAGES + 0x3008, PAGES + 0x3000, 0x2000, true, "two pages that follow each other");
	is_region(PAGES + 0x4fff, PAGES + 0x4000, 0x1000, true, "... from the second on");
	is_region(PAGES + 0x5000, PAGES + 0x5000, 0x1ff000 - 0x5000, false, "the hole behind them");
	is_region(PAGES + 0x1ff000, PAGES + 0x1ff000, 0x201000, true, "a page and a large one");
	is_region(LARGE + 0x200000, LARGE + 0x200000, HALF - LARGE - 0x200000, false,
		"holes of every kind, a table that is not in RAM, and what is not canonical, are one");
	is_region(0x123456789abcdef0, 0x123456789abcd000, HALF - 0x123456789abcd000, false, "... from amidst of it");
	is_region(HALF + 0x1000, HALF + 0x1000, 0x3ffff000, true, "behind it the upper half begins");
	is_region(0, 0, PAGES + 0x3000, false, "the first one");
	is_region(UPPER + 0x1000, UPPER + 0x1000, UINT64_MAX - UPPER - 0x1000, true, "the last one ends with the last address");
	is_region(UINT64_MAX, UINT64_MAX - 0xfff, 0xfff, true, "... in its last page, too");
	is_int(walk(&whole), 4, "regions that are mapped, in all of the address space");
	ok(whole, "... which is gone through to its end");
}

/* The root's second half are the root itself: at each level the same, down to pages that are its own entries. */
static void test_circles(void)
{
	struct memory_region r;
	unsigned looks = REGION_LOOKS;

	for (unsigned i = 0; i < 512; i++)
		put(TABLE(0), i, TABLE(0), i % 2 ? BRANCH : 0);
	is_int(region_find(&m->guest.vcpus[0]->space, 0, &r, &looks), 0, "tables that lead to themselves");
	ok(!r.mapped && looks < REGION_LOOKS, "... are nothing");
	for (unsigned i = 0; i < 512; i++)
		put(TABLE(0), i, TABLE(0), i ? BRANCH : LEAF);
	put(TABLE(0), 0, TABLE(1), BRANCH);
	for (unsigned i = 0; i < 512; i++)
		put(TABLE(1), i, TABLE(2), BRANCH);
	for (unsigned i = 0; i < 512; i++)
		put(TABLE(2), i, TABLE(8), LEAF);
	looks = 1000;
	is_int(region_find(&m->guest.vcpus[0]->space, 0, &r, &looks), 0, "very many pages");
	ok(r.mapped && !looks && r.size == 1000 * 0x1000, "... are cut at so many");
	looks = 0;
	is_int(region_find(&m->guest.vcpus[0]->space, 0x5000, &r, &looks), 0, "one is looked at always");
	ok(r.start == 0x5000 && r.size == 0x1000, "... and answered");
}

static void test_off(void)
{
	sim_set(sim, 0, RV_SATP, 0);
	regfile_drop(&m->guest.vcpus[0]->regs);
	is_region(0, 0, 1ull << 56, true, "without translation: all physical addresses");
	is_region(1ull << 56, 1ull << 56, UINT64_MAX - (1ull << 56), false, "... and no more");
	sim_set(sim, 0, RV_SATP, 7ull << 60);
	regfile_drop(&m->guest.vcpus[0]->regs);
	is_int(region_find(&m->guest.vcpus[0]->space, 0x1000, &(struct memory_region){ 0 }, &(unsigned){ 5 }), -EOPNOTSUPP,
		"a translation that is not known is refused");
	ok(strstr(m->guest.why, "0x1000: ") == m->guest.why, "... %s", m->guest.why);
}

/* 32-bit code: addresses above are those below once more, and are not told twice. */
static void test_32_bits(void)
{
	static const uint64_t keys[] = { X86_CR0, X86_CR4, X86_EFER };

	open_machine("x86_64");
	for (unsigned i = 0; i < 3; i++)
		sim_set(sim, 0, keys[i], 0);
	is_region(0x1000, 0x1000, 0xfffff000, true, "without paging: 4 GiB");
	is_region(1ull << 32, 1ull << 32, UINT64_MAX - (1ull << 32), false, "... and no more");
}

int main(void)
{
	open_machine("riscv64");
	test_tables();
	test_circles();
	test_off();
	test_32_bits();
	return done();
}
