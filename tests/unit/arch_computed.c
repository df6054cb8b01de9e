/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers that are computed from others: aarch64 sp, x86 ftag; where a probe starts; finding an architecture. */
#include "arch/aarch64.h"
#include "arch/x86_64.h"
#include "fake_vcpu.h"
#include "tap.h"

/* A field of the XSAVE area: block 2, component 0. */
#define X87(width, offset) (KEY_BLOCK(2, width, offset) | KEY_IN_COMPONENT(0))

static struct fake_vcpu f;

static void set(uint64_t key, uint64_t value)
{
	fake_set(&f.view, key, value);
}

static uint64_t get(uint64_t key)
{
	uint64_t value = 0;

	fake_get(&f.view, key, &value);
	return value;
}

static const struct arch_computed *computed(const struct arch *arch, const char *name)
{
	for (unsigned i = 0; i < arch->regs.ncomputed; i++)
		if (!strcmp(arch->regs.computed[i].name, name))
			return &arch->regs.computed[i];
	return NULL;
}

static void test_sp(void)
{
	static const struct {
		uint64_t pstate, key;
		const char *name;
	} cases[] = {
		{ 0x60000000, 0x603000000010003e, "EL0t" },
		{ 0x600003c4, 0x603000000010003e, "EL1t" },
		{ 0x600003c5, 0x6030000000100044, "EL1h" },
		{ 0x3c8, 0x603000000010003e, "EL2t" },
		{ 0x3c9, 0x603000000013f208, "EL2h" },
		{ 0x1d0, 0x603000000010001a, "AArch32 user: x13" },
		{ 0x1d3, 0x6030000000100026, "AArch32 supervisor: x19" },
		{ 0x1d1, 0x603000000010003a, "AArch32 FIQ: x29" },
		{ 0x1d2, 0x6030000000100022, "AArch32 IRQ: x17" },
		{ 0x1d7, 0x603000000010002a, "AArch32 abort: x21" },
		{ 0x1da, 0x603000000010001e, "AArch32 hyp: x15" },
		{ 0x1db, 0x603000000010002e, "AArch32 undefined: x23" },
		{ 0x1df, 0x603000000010001a, "AArch32 system: x13" },
	};
	const struct arch_computed *sp = computed(&arch_aarch64, "sp");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value;
		int err;

		fake_init(&f, 0, 0x100000);
		set(A64_PSTATE, cases[i].pstate);
		set(cases[i].key, 0xffff800012345670);
		err = sp->get(&f.view, &value);
		ok(!err && value == 0xffff800012345670, "sp in %s", cases[i].name);
		err = sp->set(&f.view, 0x1230);
		ok(!err && get(cases[i].key) == 0x1230 && f.nregs == 2, "... and set");
	}
}

static void test_sp_errors(void)
{
	const struct arch_computed *sp = computed(&arch_aarch64, "sp");
	uint64_t value;

	fake_init(&f, 0, 0x100000);
	is_int(sp->get(&f.view, &value), -ENOENT, "sp without PSTATE");
	is_int(sp->set(&f.view, 0), -ENOENT, "... set");
	set(A64_PSTATE, 0x1f5 & ~0x10);
	is_int(sp->get(&f.view, &value), -ENOENT, "sp that cannot be read");
	set(A64_PSTATE, 0x14);
	is_int(sp->get(&f.view, &value), -EINVAL, "sp in no mode at all");
	is_int(sp->set(&f.view, 0), -EINVAL, "... set");
}

/* st(i) counts from the top of the stack on. */
static void put_st(unsigned i, unsigned exponent, uint64_t mantissa)
{
	set(X87(8, 32 + 16 * i), mantissa);
	set(X87(2, 32 + 16 * i + 8), exponent);
}

static void x87(unsigned top, unsigned full)
{
	fake_init(&f, 0, 0x100000);
	set(X87(2, 2), 0x4000 | top << 11 | 0x41);
	set(X87(1, 4), full);
	for (unsigned i = 0; i < 8; i++)
		put_st(i, 0x3fff, 1ull << 63);
}

static void ftag_is(uint64_t want, const char *name)
{
	uint64_t value = 0;
	int err = computed(&arch_x86_64, "ftag")->get(&f.view, &value);

	is_int(err ? err : (int64_t)value, want, name);
}

static void test_ftag(void)
{
	x87(0, 0);
	ftag_is(0xffff, "ftag: all empty");
	x87(0, 0xff);
	ftag_is(0, "ftag: all 1.0");
	x87(7, 0x80);
	put_st(0, 0, 0);
	ftag_is(0x7fff, "ftag: FLDZ: physical register 7 is st(0), a zero");
	put_st(0, 0x8000, 0);
	ftag_is(0x7fff, "ftag: a negative zero");
	x87(6, 0xc0);
	put_st(0, 0x7fff, 1ull << 63);
	ftag_is(0x2fff, "ftag: FLD1, then an infinity");
	put_st(0, 0xffff, 3ull << 62);
	ftag_is(0x2fff, "ftag: a NaN");
	put_st(0, 0, 1);
	ftag_is(0x2fff, "ftag: a denormal");
	put_st(0, 0, 1ull << 63);
	ftag_is(0x2fff, "ftag: a pseudo-denormal");
	put_st(0, 0x3fff, 1);
	ftag_is(0x2fff, "ftag: an unnormal");
	put_st(0, 0xbfff, 1ull << 63);
	ftag_is(0x0fff, "ftag: minus one");
	x87(3, 0x18);
	put_st(1, 0, 0);
	ftag_is(0xfd3f, "ftag: from register 3 on");
	x87(3, 0x1 | 0x8);
	put_st(5, 0, 0);
	ftag_is(0xff3d, "ftag: around the end");
}

static void test_ftag_set(void)
{
	const struct arch_computed *ftag = computed(&arch_x86_64, "ftag");

	x87(0, 0);
	is_int(ftag->set(&f.view, 0x2fff), 0, "ftag is set");
	is_int(get(X87(1, 4)), 0xc0, "... as one bit a register");
	ftag->set(&f.view, 0xffff);
	is_int(get(X87(1, 4)), 0, "... all empty");
	ftag->set(&f.view, 0xffff0000aaaa5555);
	is_int(get(X87(1, 4)), 0xff, "... what is above 16 bits does not matter");
	f.nregs = 0;
	is_int(ftag->get(&f.view, &(uint64_t){ 0 }), -ENOENT, "ftag that cannot be read");
}

/* struct kvm_segment's bytes, from `type` on, as struct kvm_sregs has the segment at this offset. */
static void segment(unsigned at, const uint8_t bytes[9])
{
	for (unsigned i = 0; i < 9; i++)
		set(KEY_BLOCK(X86_SREGS, 1, at + 0x0e + i), bytes[i]);
}

/* type present dpl db s l g avl unusable */
static void test_segments(void)
{
	static const uint8_t code[] = { 0xb, 1, 0, 0, 1, 1, 1, 0, 0 }, user[] = { 3, 1, 3, 1, 1, 0, 1, 1, 0 },
			     none[] = { 2, 0, 0, 0, 0, 0, 0, 0, 1 };
	const struct arch_computed *cs = computed(&arch_x86_64, "cs_attr");
	uint64_t value = 0;

	fake_init(&f, 0, 0x100000);
	segment(0, code);
	ok(!cs->get(&f.view, &value) && value == 0xa09b, "cs_attr: 64-bit code");
	segment(0x78, user);
	ok(!computed(&arch_x86_64, "ss_attr")->get(&f.view, &value) && value == 0xd0f3, "ss_attr: the user's data");
	f.nregs = 0;
	segment(0xa8, none);
	ok(!computed(&arch_x86_64, "ldt_attr")->get(&f.view, &value) && value == 0x10002, "ldt_attr: unusable");
	is_int(cs->get(&f.view, &value), -ENOENT, "cs_attr that cannot be read");
	f.nregs = 0;
	segment(0, code);
	ok(!cs->set(&f.view, 0xfffec0fb) && get(KEY_BLOCK(X86_SREGS, 1, 0x10)) == 3 &&
			get(KEY_BLOCK(X86_SREGS, 1, 0x11)) == 1 && get(KEY_BLOCK(X86_SREGS, 1, 0x13)) == 0 &&
			get(KEY_BLOCK(X86_SREGS, 1, 0x16)) == 0,
		"cs_attr is set: 32-bit code of the user's");
	ok(!cs->get(&f.view, &value) && value == 0xc0fb, "... and is that");
}

static void test_probes(void)
{
	fake_init(&f, 0, 0x100000);
	is_int(arch_aarch64.probe->start(&f.view, 0x40004000, 0x40005000, 0x40006000), 0, "aarch64: probe starts");
	is_int(get(A64_PC), 0x40004000, "... at its code");
	is_int(get(A64_X(1)), 0x40005000, "... with its data");
	is_int(get(0x603000000013c600), 0x40006000, "... with VBAR_EL1");
	is_int(4096 % arch_aarch64.probe->vector_size + 0x80 % arch_aarch64.probe->vector_size, 0,
		"... which every vector begins with");
	fake_init(&f, 0, 0x100000);
	is_int(arch_x86_64.probe->start(&f.view, 0x4000, 0x5000, 0x6000), 0, "x86_64: probe starts");
	is_int(get(arch_x86_64.regs.pc), 0x4000, "... at its code");
	is_int(get(KEY_BLOCK(0, 8, 8)), 0x5000, "... with its data");
}

static void test_code(void)
{
	static const uint8_t arm[] = { 0x1f, 0x20, 0x03, 0xd5, 0x1f, 0x20, 0x03, 0xd5, 0x20, 0, 0, 0xf9, 0x40, 0, 0, 0xf9, 0, 0,
		0, 0x14 };
	static const uint8_t x86[] = { 0x90, 0x90, 0x89, 0x03, 0xe6, 0xe9, 0xeb, 0xfe };
	const struct arch_probe *a = arch_aarch64.probe, *x = arch_x86_64.probe;

	ok(a->size == sizeof(arm) && !memcmp(a->code, arm, sizeof(arm)), "aarch64: nop, nop, two stores, a loop");
	ok(a->second == 4 && a->store == 8, "... where they are");
	ok(a->vector_size == 8 && !memcmp(a->vector, arm + 12, 8), "... a vector ends like it");
	ok(x->size == sizeof(x86) && !memcmp(x->code, x86, sizeof(x86)), "x86_64: nop, nop, a store, an out, a loop");
	ok(x->second == 1 && x->store == 2 && !x->vector, "... where they are");
	ok(arch_aarch64.trap.opcode.size == 4 && !memcmp(arch_aarch64.trap.opcode.bytes, "\0\0\x20\xd4", 4), "aarch64: BRK #0");
	ok(arch_x86_64.trap.opcode.size == 1 && arch_x86_64.trap.opcode.bytes[0] == 0xcc, "x86_64: INT3");
}

static int computed_by(const char *name, uint64_t *value)
{
	for (unsigned i = 0; i < arch_aarch64.regs.ncomputed; i++)
		if (!strcmp(arch_aarch64.regs.computed[i].name, name))
			return arch_aarch64.regs.computed[i].get(&f.view, value);
	return -ENOSYS;
}

static void test_pauth(void)
{
	static const struct {
		uint64_t tcr, data, code;
		unsigned lower, upper; /* bits of an address */
	} cases[] = {
		{ 0, 0xff7f000000000000, 0xff7f000000000000, 48, 48 },				  /* the MMU is off: 48 bits */
		{ 25, 0xff7fff8000000000, 0xff7fff8000000000, 39, 39 },				  /* T0SZ: 39 bits */
		{ 25 | 1ull << 37, 0x007fff8000000000, 0x007fff8000000000, 39, 39 },		  /* TBI0 */
		{ 25 | 1ull << 37 | 1ull << 51, 0x007fff8000000000, 0xff7fff8000000000, 39, 39 }, /* TBID0: not of code */
		{ 25 | 16 << 16, 0xff7f000000000000, 0xff7f000000000000, 39, 48 }, /* T1SZ: 48 bits in the upper half */
		{ 25 | 16 << 16 | 1 << 23, 0xff7fff8000000000, 0xff7fff8000000000, 39, 39 }, /* EPD1: which is off */
		{ 16 | 25 << 16, 0xff7f000000000000, 0xff7f000000000000, 48, 39 },
		{ 12 | 12 << 16, 0xff7f000000000000, 0xff7f000000000000, 48, 48 },		/* 52 bits take FEAT_LPA2 */
		{ 12 | 12 << 16 | 1ull << 59, 0xff70000000000000, 0xff70000000000000, 52, 52 }, /* DS: there it is */
		{ 12 | 1 << 14, 0xff70000000000000, 0xff70000000000000, 52, 52 },		/* or 64 KiB */
		{ 16 | 12 << 16 | 3ull << 30, 0xff70000000000000, 0xff70000000000000, 48, 52 }, /* in the upper half */
		{ 49 | 63 << 16, 0xff7fffffffff0000, 0xff7fffffffff0000, 16, 16 },		/* 16 at least */
	};
	uint64_t value;
	unsigned lower, upper;

	fake_init(&f, 0, 0);
	set(0x603000000013c102, 0);
	is_int(computed_by("pauth_dmask", &value), -ENOENT, "pauth: a vCPU without keys");
	set(0x603000000013c108, 1);
	ok(arch_aarch64.walk.address_bits(&f.view, &lower, &upper) == -ENOENT,
		"pauth: with the MMU off all bits of an address count");
	set(A64_SCTLR_EL1, 1);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set(0x603000000013c102, cases[i].tcr);
		ok(!computed_by("pauth_dmask", &value) && value == cases[i].data, "pauth: data, case %u", i);
		ok(!computed_by("pauth_cmask", &value) && value == cases[i].code, "pauth: code, case %u", i);
		ok(!arch_aarch64.walk.address_bits(&f.view, &lower, &upper) && lower == cases[i].lower &&
				upper == cases[i].upper,
			"pauth: bits of an address, case %u", i);
	}
}

static void test_sve(void)
{
	unsigned times;
	uint64_t value;

	fake_init(&f, 0, 0);
	is_int(arch_aarch64.regs.scales[0].get(&f.view, &times), -ENOENT, "sve: a vCPU without");
	set(0x606000000015ffff, 0x8b);
	is_int(arch_aarch64.regs.scales[0].get(&f.view, &times), 0, "sve: lengths of 128, 256, 512 and 1024 bits");
	is_int(times, 8, "... the longest");
	set(0x603000000013c090, 0);
	ok(!computed_by("vg", &value) && value == 2, "vg: the shortest");
	set(0x603000000013c090, 6);
	ok(!computed_by("vg", &value) && value == 8, "... one that is not there: the next shorter one");
	set(0x603000000013c090, 15);
	ok(!computed_by("vg", &value) && value == 16, "... more than there is: the longest");
}

static void test_blocks(void)
{
	static const struct {
		const char *name;
		unsigned get_nr, set_nr, size;
	} want[] = {
		{ "regs", 0x81, 0x82, 144 },
		{ "sregs", 0x83, 0x84, 312 },
		{ "xsave", 0xa4, 0xa5, 16384 },
		{ "debugregs", 0xa1, 0xa2, 128 },
		{ "xcrs", 0xa6, 0xa7, 392 },
		{ "cpuid2", 0x91, 0, 10248 },
		{ "lapic_state", 0x8e, 0x8f, 1024 },
		{ "vcpu_events", 0x9f, 0xa0, 64 },
	};

	is_int(arch_x86_64.regs.nblocks, 8, "x86_64: eight blocks");
	for (unsigned i = 0; i < 8; i++) {
		const struct arch_block *b = &arch_x86_64.regs.blocks[i];

		ok(!strcmp(b->name, want[i].name) && b->get_nr == want[i].get_nr && b->set_nr == want[i].set_nr &&
				b->size == want[i].size,
			"... %s", want[i].name);
	}
	is_int(arch_aarch64.regs.nblocks, 1, "aarch64: one");
}

static void test_find(void)
{
	ok(arch_find("aarch64") == &arch_aarch64, "aarch64 is found");
	ok(arch_find("x86_64") == &arch_x86_64, "x86_64 is found");
	ok(!arch_find("vax") && !arch_find(""), "others are not");
}

int main(void)
{
	test_sp();
	test_sp_errors();
	test_ftag();
	test_ftag_set();
	test_segments();
	test_probes();
	test_code();
	test_blocks();
	test_pauth();
	test_sve();
	test_find();
	return done();
}
