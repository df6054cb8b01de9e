/* SPDX-License-Identifier: BSD-2-Clause */
/* The page walk of x86, on tables made by hand: every kind of paging and size of page, and what is wrong in every way. */
#include "arch/x86_64.h"
#include "walk_fixture.h"

#define RAM 0x100000ull
#define HIGH 0x000f800000000000ull

#define PG 0x80000000ull
#define PSE 0x10ull
#define PAE 0x20ull
#define LA57 0x1000ull
#define LMA 0x500ull /* and LME */
#define NXE 0x800ull
#define NX 0x8000000000000000ull

static void start(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	walk_init(&walker, &arch_x86_64, RAM, HIGH);
	fake_set(&f->view, X86_CR0, cr0 | 1);
	fake_set(&f->view, X86_CR3, RAM);
	fake_set(&f->view, X86_CR4, cr4);
	fake_set(&f->view, X86_EFER, efer);
}

/* A way down: from the level whose index begins at the first of the shifts to the one that ends at the last. */
struct way {
	const char *name;
	uint64_t cr0, cr4, efer;
	uint64_t va;
	uint8_t shifts[6];   /* ends with 0 */
	uint64_t leaf;	     /* its entry */
	uint64_t pa;	     /* of the page */
	uint64_t bad[5];     /* bits that must be 0 in the leaf, each tried alone; ends with 0 */
	uint64_t bad_top[5]; /* the same, in the topmost entry */
};

static const struct way ways[] = {
	{ "32-bit, 4K page", PG, 0, 0, 0xc1234abc, { 22, 12 }, 0x7654367, 0x7654000, { 0 }, { 0 } },
	{ "32-bit, 4K page, PSE", PG, PSE, 0, 0xc1234abc, { 22, 12 }, 0x76543e7, 0x7654000, { 0 }, { 0 } },
	{ "32-bit, 4M page", PG, PSE, 0, 0xc1234abc, { 22 }, 0x084000e7, 0x8400000, { 1 << 21 }, { 0 } },
	{ "32-bit, 4M page above 4 GiB (PSE-36)", PG, PSE, 0, 0xc1234abc, { 22 }, 0x085fe0e7, 0xff08400000, { 1 << 21 },
		{ 0 } },
	{ "PAE, 4K page", PG, PAE, NXE, 0xc1234abc, { 30, 21, 12 }, NX | 0x123407654e7, 0x12340765000,
		{ 1ull << 62, 1ull << 52 }, { 2, 4, 1 << 5, 1 << 8 } },
	{ "PAE, 2M page", PG, PAE, 0, 0xc1234abc, { 30, 21 }, 0x12340601ce3, 0x12340600000,
		{ NX, 1 << 13, 1 << 20, 1ull << 55 }, { 1 << 6, 1 << 7, NX, 1ull << 62 } },
	{ "4 levels, 4K page", PG, PAE, LMA | NXE, 0x000052345678923c, { 39, 30, 21, 12 }, NX | 0x7ff0000007654e67, 0x7654000,
		{ 0 }, { 0x80 } },
	{ "4 levels, 2M page, upper half", PG, PAE, LMA, 0xffffd23456789abc, { 39, 30, 21 }, 0x7ff00000076011e7, 0x7600000,
		{ NX, 1 << 13, 1 << 20 }, { NX } },
	{ "4 levels, 1G page", PG, PAE, LMA, 0x0000523456789abc, { 39, 30 }, 0x000fffffc00010e7, 0x000fffffc0000000,
		{ NX, 1 << 13, 1 << 29, 1 << 21 }, { 0x80 } },
	{ "5 levels, 4K page", PG, PAE | LA57, LMA | NXE, 0x0012523456789abc, { 48, 39, 30, 21, 12 }, 0x7654067, 0x7654000,
		{ 0 }, { 0x80 } },
	{ "5 levels, 1G page, upper half", PG, PAE | LA57, LMA, 0xff12523456789abc, { 48, 39, 30 }, 0x40000087, 0x40000000,
		{ NX, 1 << 13, 1 << 29 }, { NX } },
};

static uint64_t low(unsigned bits)
{
	return (1ull << bits) - 1;
}

static bool is_32(const struct way *w)
{
	return !(w->cr4 & PAE);
}

/* The entry of a level, tables being one page apart from RAM on. */
static uint64_t entry_at(const struct way *w, unsigned level)
{
	uint64_t index = w->va >> w->shifts[level] & (is_32(w) ? 0x3ff : 0x1ff);

	if (w->shifts[level] == 30 && w->cr4 & PAE && !(w->efer & LMA))
		index &= 3;
	return RAM + 0x1000 * level + index * (is_32(w) ? 4 : 8);
}

static unsigned levels(const struct way *w)
{
	unsigned n = 0;

	while (w->shifts[n])
		n++;
	return n;
}

/* PAE's top entries take P, PWT and PCD alone. */
static void lay(const struct way *w, uint64_t leaf)
{
	unsigned size = is_32(w) ? 4 : 8, last = levels(w) - 1;
	uint64_t flags = w->efer & LMA || is_32(w) ? 0x67 : 0x19;

	for (unsigned i = 0; i < last; i++)
		fake_put(f, entry_at(w, i), (RAM + 0x1000 * (i + 1)) | flags, size);
	fake_put(f, entry_at(w, last), leaf, size);
}

static void test_bad_bits(const struct way *w)
{
	unsigned size = is_32(w) ? 4 : 8;
	uint64_t top = entry_at(w, 0), entry = 0;

	for (unsigned i = 0; w->bad[i]; i++) {
		lay(w, w->leaf | w->bad[i]);
		fails(w->va, -EFAULT, "... a reserved bit in the last entry");
	}
	lay(w, w->leaf);
	fake_read(&f->view, top, &entry, sizeof(entry));
	for (unsigned i = 0; w->bad_top[i]; i++) {
		fake_put(f, top, entry | w->bad_top[i], size);
		fails(w->va, -EFAULT, "... a reserved bit in the first entry");
	}
}

static void is_seen(const struct way *w)
{
	bool good = walker.nseen == levels(w);

	for (unsigned i = 0; i < walker.nseen; i++)
		good &= walker.seen[i].level == 1 + (w->shifts[i] - 12) / (is_32(w) ? 10 : 9);
	ok(good && walker.seen[walker.nseen - 1].value == w->leaf, "... which is told of");
}

/* Without the n-th entry of the way all of what it is about is not mapped; where its table is not in RAM, of what that is about. */
static void lacks(const struct way *w, unsigned n)
{
	unsigned size = is_32(w) ? 4 : 8;

	lay(w, w->leaf);
	fake_put(f, entry_at(w, n), w->shifts[n + 1] ? 0 : w->leaf & ~1ull, size);
	hole(w->va, low(w->shifts[n]) + 1 - (w->va & low(w->shifts[n])), "... a hole of its size");
	if (w->shifts[n + 1]) {
		fake_put(f, entry_at(w, n), 0x70000001, size);
		ends(w->va, -EIO, low(w->shifts[n + 1]) + 1 - (w->va & low(w->shifts[n + 1])),
			"... a table that is not in RAM");
	}
	lay(w, w->leaf);
}

static void test_ways(void)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct way *w = &ways[i];
		unsigned last = w->shifts[levels(w) - 1];
		uint64_t offset = w->va & low(last);

		start(w->cr0, w->cr4, w->efer);
		lay(w, w->leaf);
		gives(w->va, w->pa + offset, low(last) + 1 - offset, "%s", w->name);
		is_int(f->reads, levels(w), "... one read a level");
		is_seen(w);
		for (unsigned n = 0; n < levels(w); n++)
			lacks(w, n);
		test_bad_bits(w);
	}
}

#define W 2ull
#define U 4ull

/* What a page permits: what its entries permit, each of them. */
static const struct {
	const char *permits;
	uint64_t cr4, efer;
	uint64_t entry[6]; /* bits, from the root on, and 0; P, and PS where it is to be */
} permissions[] = {
	{ "rwxu", PAE, LMA, { 1 | W | U, 1 | W | U, 1 | W | U, 1 | W | U } },
	{ "r-xu", PAE, LMA, { 1 | U, 1 | W | U, 1 | W | U, 1 | W | U } },
	{ "r-xu", PAE, LMA, { 1 | W | U, 1 | W | U, 1 | U, 1 | W | U } },
	{ "r-xu", PAE, LMA, { 1 | W | U, 1 | W | U, 1 | W | U, 1 | U } },
	{ "rwx-", PAE, LMA, { 1 | W, 1 | W | U, 1 | W | U, 1 | W | U } },
	{ "rwx-", PAE, LMA, { 1 | W | U, 1 | W, 1 | W | U, 1 | W | U } },
	{ "rwx-", PAE, LMA, { 1 | W | U, 1 | W | U, 1 | W | U, 1 | W } },
	{ "rw-u", PAE, LMA | NXE, { 1 | W | U | NX, 1 | W | U, 1 | W | U, 1 | W | U } },
	{ "rw-u", PAE, LMA | NXE, { 1 | W | U, 1 | W | U, 1 | W | U, 1 | W | U | NX } },
	{ "rw--", PAE, LMA | NXE, { 1 | W, 1 | W | U, 1 | W | U | NX, 1 | W | U } },
	{ "r---", PAE, LMA | NXE, { 1, 1, 1, 1 | NX } },
	{ "r-x-", PAE, LMA, { 1 | W | U, 1 | U, 1 | W | 0x80 } },
	{ "rwxu", PAE, LMA, { 1 | W | U, 1 | W | U | 0x80 } },
	{ "r--u", PAE | LA57, LMA | NXE, { 1 | W | U | NX, 1 | W | U, 1 | W | U, 1 | U, 1 | W | U } },
	{ "rwxu", PAE, 0, { 1, 1 | W | U, 1 | W | U } }, /* PAE's top entry has no say */
	{ "r-xu", PAE, 0, { 1, 1 | W | U, 1 | U } },
	{ "rw--", PAE, NXE, { 1, 1 | W, 1 | W | U | NX } },
	{ "rwxu", PSE, 0, { 1 | W | U, 1 | W | U } },
	{ "r-x-", PSE, 0, { 1 | U, 1 | W } },
	{ "rwx-", PSE, 0, { 1 | W | 0x80 } },
};

static void test_permissions(void)
{
	for (size_t i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++) {
		unsigned size = permissions[i].cr4 & PAE ? 8 : 4, n = 0;
		char name[80] = "";

		start(PG, permissions[i].cr4, permissions[i].efer);
		for (; permissions[i].entry[n]; n++) {
			bool large = permissions[i].entry[n] & 0x80;
			uint64_t pa = large ? 0x40000000 : RAM + 0x1000 * (n + 1);

			fake_put(f, RAM + 0x1000 * n, pa | permissions[i].entry[n], size);
			snprintf(name + strlen(name), sizeof(name) - strlen(name), " %" PRIx64, permissions[i].entry[n]);
		}
		permits(0x123, permissions[i].permits, name);
	}
}

static void test_canonical(void)
{
	start(PG, PAE, LMA);
	for (unsigned i = 0; i < 512; i++)
		fake_put(f, RAM + 8 * i, RAM | 1, 8);
	gives(0x00007fffffffffff, RAM | 0xfff, 1, "4 levels: the last address of the lower half");
	fails(0x0000800000000000, -EFAULT, "4 levels: the first address that is not canonical");
	fails(0xffff7fffffffffff, -EFAULT, "... and the last");
	start(PG, PAE | LA57, LMA);
	fake_put(f, RAM + 0, (RAM + 0x1000) | 1, 8);
	fake_put(f, RAM + 0x1000 + 8 * 256, (RAM + 0x2000) | 1, 8);
	fake_put(f, RAM + 0x2000, 0x40000081, 8);
	gives(0x0000800000000000, 0x40000000, 0x40000000, "5 levels: the same is canonical");
	fake_put(f, RAM + 8 * 256, (RAM + 0x1000) | 1, 8);
	fake_put(f, RAM + 0x1000, (RAM + 0x2000) | 1, 8);
	hole(0x0100000000000000, 0xfe00000000000000, "5 levels: the first that is not");
	hole(0xfeffffffffffffff, 1, "... and the last");
	hole(0x0000800040000000, 0x40000000, "a hole is as large as its entry says");
	hole(0x0000010000001000, 0x7ffffff000, "... on each level");
}

static void test_no_paging(void)
{
	start(0, 0, 0);
	gives(0xc1234abc, 0xc1234abc, 0x3edcb544, "no paging: to the end of all addresses");
	gives(0xffffffffc1234000, 0xc1234000, 0x3edcc000, "no paging: addresses have 32 bits");
	is_int(f->reads, 0, "no paging reads no table");
	start(PG, PSE, 0);
	fake_put(f, RAM + 4 * 0x304, 0x084000e7, 4);
	gives(0xffffffffc1234abc, 0x8634abc, 0x1cb544, "32-bit paging: addresses have 32 bits");
	start(PG, 0, 0);
	fake_put(f, RAM + 4 * 0x304, (RAM + 0x1000) | 0xe7, 4);
	fake_put(f, RAM + 0x1000 + 4 * 0x234, 0x7654067, 4);
	gives(0xc1234abc, 0x7654abc, 0x544, "without CR4.PSE the page-size bit means nothing");
}

#define LAM_SUP (1ull << 28)
#define LAM_U57 (1ull << 61)
#define LAM_U48 (1ull << 62)

/* 1 GiB at the beginning of the lower half, and at the upper one's. */
static void start_lam(uint64_t cr4, uint64_t cr3)
{
	start(PG, PAE | cr4, LMA);
	fake_set(&f->view, X86_CR3, cr3 | RAM);
	if (cr4 & LA57) {
		fake_put(f, RAM, (RAM + 0x1000) | 7, 8);
		fake_put(f, RAM + 8 * 256, (RAM + 0x1000) | 7, 8);
		fake_put(f, RAM + 0x1000, (RAM + 0x2000) | 7, 8);
		fake_put(f, RAM + 0x2000, 0x40000087, 8);
		return;
	}
	fake_put(f, RAM, (RAM + 0x1000) | 7, 8);
	fake_put(f, RAM + 8 * 256, (RAM + 0x1000) | 7, 8);
	fake_put(f, RAM + 0x1000, 0x40000087, 8);
}

static void test_lam(void)
{
	start_lam(0, 0);
	fails(0x7e00000000001234, -EFAULT, "no LAM");
	ok(!arch_x86_64.walk.aliases(&f->view, 0x7e00000000001234), "... no alias");
	start_lam(0, LAM_U57);
	gives(0x7e00000000001234, 0x40001234, 0x3fffedcc, "LAM57, a user's pointer");
	hole(0x7f00000000001234, 0x00ffffffffffedcc, "... bit 56 is not masked");
	fails(0xfe00800000001234, -EFAULT, "... nor are the kernel's");
	ok(arch_x86_64.walk.aliases(&f->view, 0x0200000000000000) == 0xfdff800000000000 &&
			!arch_x86_64.walk.aliases(&f->view, 0x1234) && !arch_x86_64.walk.aliases(&f->view, 0xffff800000000000),
		"... so that all between the halves are others once more");
	start_lam(0, LAM_U48);
	gives(0x7abc000000001234, 0x40001234, 0x3fffedcc, "LAM48, a user's pointer");
	hole(0x7abc800000001234, 0x7fffffffedcc, "... bit 47 is not masked");
	start_lam(0, LAM_U48 | LAM_U57);
	fails(0x0001000000001234, -EFAULT, "with both LAM57 counts");
	start_lam(LAM_SUP, 0);
	gives(0x8123800000001234, 0x40001234, 0x3fffedcc, "LAM48, the kernel's pointer");
	fails(0x8123000000001234, -EFAULT, "... with bit 47 clear is no one's");
	fails(0x7e00000000001234, -EFAULT, "... nor are the user's masked");
	start_lam(LAM_SUP | LA57, LAM_U57);
	gives(0x8100000000001234, 0x40001234, 0x3fffedcc, "5 levels, LAM57, the kernel's pointer");
	gives(0x5400000000001234, 0x40001234, 0x3fffedcc, "... a user's");
	ok(arch_x86_64.walk.aliases(&f->view, 0x0100000000000000) == 0xfe00000000000000,
		"... all between are others once more");
}

static void test_cr3(void)
{
	start(PG, PAE, LMA);
	fake_set(&f->view, X86_CR3, 1ull << 61 | RAM | 0xfff);
	fake_put(f, RAM, (RAM + 0x1000) | 1, 8);
	fake_put(f, RAM + 0x1000, 0x40000081, 8);
	gives(0x1234, 0x40001234, 0x3fffedcc, "CR3 with a PCID and LAM");
	start(PG, PAE, 0);
	fake_set(&f->view, X86_CR3, RAM | 0x7e0 | 0x1f);
	fake_put(f, RAM + 0x7e0 + 24, (RAM + 0x1000) | 1, 8);
	fake_put(f, RAM + 0x1000 + 8 * 9, 0x200081, 8);
	gives(0xc1234abc, 0x234abc, 0x1cb544, "PAE: a table of 32 bytes");
	start(PG, PAE, LMA);
	fake_set(&f->view, X86_CR3, HIGH);
	fake_put(f, HIGH, (HIGH + 0x1000) | 1, 8);
	fake_put(f, HIGH + 0x1000, 0x81, 8);
	gives(0x1234, 0x1234, 0x3fffedcc, "tables at 52 bits of address");
}

static void test_outside(void)
{
	start(PG, PAE, LMA);
	fake_set(&f->view, X86_CR3, 0x7000000000);
	fails(0x1234, -EIO, "CR3 outside RAM");
	start(PG, PAE, LMA);
	fake_put(f, RAM, 0x7000000001, 8);
	fails(0x1234, -EIO, "a table outside RAM");
	start(PG, PAE, LMA);
	fake_put(f, RAM, RAM | 1, 8);
	gives(0xabc, RAM + 0xabc, 0x544, "a table of itself: the fourth level is the page");
	is_int(f->reads, 4, "... after four reads");
	f->nregs = 2;
	fails(0x1234, -ENOENT, "a register that cannot be read");
}

/* Tables of anything: nothing but an answer within bounds may come of it. */
static void test_noise(void)
{
	unsigned mapped = 0;

	srandom(1);
	start(PG, 0, 0);
	for (unsigned at = 0; at < FAKE_RAM; at += 8)
		fake_put(f, RAM + at, (RAM + random() % FAKE_RAM) | (random() & 1), 8);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t va = random64() >> random() % 64;

		fake_set(&f->view, X86_CR4, random64());
		fake_set(&f->view, X86_EFER, random64());
		fake_set(&f->view, X86_CR3, RAM + (random() & 0x3ffff));
		mapped += !translate(va, &(struct arch_page){ 0 });
	}
	ok(mapped > 1000, "many of 100000 walks through noise lead somewhere (%u)", mapped);
}

/* Where the instruction is: cs.base counts but in 64-bit code, and the sum has 32 bits. */
static void test_code_address(void)
{
	static const struct {
		uint64_t rip, base, l, efer, addr;
		const char *name;
	} cases[] = {
		{ 0x7c00, 0, 0, 0, 0x7c00, "code address: no base" },
		{ 0x1d, 0x7c00, 0, 0, 0x7c1d, "code address: real mode" },
		{ 0xfff0, 0xffff0000, 0, 0, 0xfffffff0, "code address: the reset vector" },
		{ 0x2000, 0xfffff000, 0, 0, 0x1000, "code address: wraps at 4 GiB" },
		{ 0x1d, 0x7c00, 0, LMA, 0x7c1d, "code address: 32-bit code in long mode" },
		{ 0xffffffff81000000, 0x7c00, 1, LMA, 0xffffffff81000000, "code address: 64-bit code has no base" },
		{ 0x1d, 0x7c00, 1, 0, 0x7c1d, "code address: L means nothing outside long mode" },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t addr = 0;

		start(0, 0, cases[i].efer);
		fake_set(&f->view, X86_RIP, cases[i].rip);
		fake_set(&f->view, X86_CS_BASE, cases[i].base);
		fake_set(&f->view, X86_CS_L, cases[i].l);
		ok(!arch_x86_64.walk.code_address(&f->view, &addr) && addr == cases[i].addr, "%s", cases[i].name);
	}
	start(0, 0, 0);
	is_int(arch_x86_64.walk.code_address(&f->view, &(uint64_t){ 0 }), -ENOENT,
		"code address: a register that cannot be read");
}

static void test_trap_is_emulated(void)
{
	start(0, 0, 0);
	ok(!arch_x86_64.trap.is_emulated(&f->view), "INT3 in protected mode is not emulated");
	fake_set(&f->view, X86_CR0, 0x10);
	ok(arch_x86_64.trap.is_emulated(&f->view), "in real mode it is");
}

int main(void)
{
	test_ways();
	test_permissions();
	test_canonical();
	test_no_paging();
	test_cr3();
	test_lam();
	test_outside();
	test_noise();
	test_code_address();
	test_trap_is_emulated();
	return walks_done();
}
