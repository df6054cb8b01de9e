/* SPDX-License-Identifier: BSD-2-Clause */
/* s390x, mips64, loongarch64: exits, debug requests, computed registers, addresses without page tables. */
#include "arch/loongarch64.h"
#include "arch/mips64.h"
#include "arch/s390x.h"
#include "fake_vcpu.h"
#include "tap.h"

static struct fake_vcpu f;

static struct arch_hit classify(const struct arch *arch, uint32_t reason, const void *data, size_t size)
{
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = reason };
	struct arch_hit hit;

	memcpy(exit.data, data, size);
	arch->exit.classify(&exit, &hit);
	return hit;
}

static void test_s390x_planted(void)
{
	struct s390_sieic e = { .icptcode = 4, .ipa = 0x8324, .ipb = 0x05010000 };
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = 13 };
	struct arch_hit hit = classify(&arch_s390x, 13, &e, sizeof(e));
	char text[200];

	ok(hit.kind == HIT_PLANTED && !hit.have_addr, "s390x: DIAG 501 is a planted opcode");
	is_int(hit.past, 4, "... which the pc is past");
	ok(arch_s390x.trap.opcode.size == 4 && !memcmp(arch_s390x.trap.opcode.bytes, "\x83\x24\x05\x01", 4),
		"... and its bytes");
	e.ipb = 0x05000000;
	hit = classify(&arch_s390x, 13, &e, sizeof(e));
	is_int(hit.kind, HIT_NONE, "another DIAG is none");
	memcpy(exit.data, &e, sizeof(e));
	arch_s390x.exit.describe(&exit, text, sizeof(text));
	is_str(text, "an interception that nobody handles, code 0x04, instruction 0x8324 05000000", "... and is described");
	e.ipb = 0x05010000;
	e.icptcode = 8;
	hit = classify(&arch_s390x, 13, &e, sizeof(e));
	is_int(hit.kind, HIT_NONE, "nor another interception");
	hit = classify(&arch_s390x, 5, &e, sizeof(e));
	is_int(hit.kind, HIT_NONE, "nor another exit");
}

static void test_s390x_debug(void)
{
	static const struct {
		uint8_t type;
		enum hit_kind kind;
		const char *name;
	} cases[] = {
		{ 1, HIT_EXEC, "s390x: a PER breakpoint" },
		{ 2, HIT_WATCH, "s390x: a PER watchpoint" },
		{ 4, HIT_STEP, "s390x: a step" },
		{ 3, HIT_NONE, "s390x: a type that is not known" },
		{ 99, HIT_NONE, "s390x: another one" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct s390_debug_exit e = { .addr = 0x123456789abcdef0, .type = cases[i].type };
		struct arch_hit hit = classify(&arch_s390x, 4, &e, sizeof(e));
		bool has = cases[i].kind == HIT_EXEC || cases[i].kind == HIT_WATCH;

		ok(hit.kind == cases[i].kind && hit.have_addr == has && hit.addr == (has ? e.addr : 0), "%s", cases[i].name);
	}
}

static void test_encode(const struct arch *arch, uint32_t step, uint32_t planted, size_t size)
{
	struct debug_request d = { .n = 0 };
	uint8_t bytes[ARCH_DEBUG_SIZE], zero[ARCH_DEBUG_SIZE] = { 0 };
	struct arch_point p = { .type = POINT_HARDWARE, .addr = 0x1000, .len = 2 };
	uint32_t control;

	memset(bytes, 0xff, sizeof(bytes));
	is_int(arch->debug.encode(&d, &control, bytes), size, arch->name);
	ok(control == 0 && !memcmp(bytes, zero, sizeof(zero)), "%s: nothing is asked for", arch->name);
	d.planted = true;
	arch->debug.encode(&d, &control, bytes);
	is_int(control, planted, "... planted opcodes");
	d.step = true;
	d.planted = false;
	arch->debug.encode(&d, &control, bytes);
	is_int(control, step, "... a step");
	is_int(arch->debug.point_slots(&p), 0, "... no debug register");
	p.type = POINT_WRITE;
	is_int(arch->debug.point_slots(&p), 0, "... for data neither");
	ok(!arch->probe, "... and no host to try it on");
}

static void test_loongarch_planted(void)
{
	struct arch_hit hit = classify(&arch_loongarch64, 4, "", 1);

	ok(hit.kind == HIT_PLANTED && !hit.have_addr && !hit.past, "loongarch64: a debug exit is a planted opcode, at the pc");
	hit = classify(&arch_loongarch64, 8, "", 1);
	is_int(hit.kind, HIT_NONE, "... another exit is none");
	ok(arch_loongarch64.trap.opcode.size == 4 && !memcmp(arch_loongarch64.trap.opcode.bytes, "\x01\x81\x2b\x00", 4),
		"... hvcl 0x101");
	hit = classify(&arch_mips64, 4, "", 1);
	ok(hit.kind == HIT_NONE && !arch_mips64.trap.opcode.bytes,
		"mips64: nothing is a debug exit, and there is no opcode to plant");
}

static const struct arch_computed *computed(const struct arch *arch, const char *name)
{
	for (unsigned i = 0; i < arch->regs.ncomputed; i++)
		if (!strcmp(arch->regs.computed[i].name, name))
			return &arch->regs.computed[i];
	return NULL;
}

static void test_mips_extended(const char *name, uint64_t key)
{
	const struct arch_computed *c = computed(&arch_mips64, name);
	uint64_t value = 1;

	fake_init(&f, 0, 0x100000);
	is_int(c->get(&f.view, &value), -ENOENT, name);
	fake_set(&f.view, key, 0x80400004);
	ok(!c->get(&f.view, &value) && value == 0xffffffff80400004, "... is sign-extended");
	fake_set(&f.view, key, 0x7fffffff);
	ok(!c->get(&f.view, &value) && value == 0x7fffffff, "... when it is positive too");
	is_int(c->set(&f.view, 0xffffffff90000000), 0, "... and set");
	ok(!fake_get(&f.view, key, &value) && value == 0x90000000, "... as 32 bits");
	is_int(c->set(&f.view, 0x90000000), -EINVAL, "... but not to what it cannot be");
}

static void test_orig_a0(void)
{
	const struct arch_computed *c = computed(&arch_loongarch64, "orig_a0");
	uint64_t value = 1;

	ok(!c->get(&f.view, &value) && !value && !c->set, "loongarch64: orig_a0 is 0, and read-only");
}

static void leads_to(const struct arch *arch, uint64_t va, int64_t want, const char *name)
{
	struct arch_page page = { 0 };
	int err = arch->walk.translate(&f.view, va, &page);

	is_int(err ? err : (int64_t)page.pa, want, name);
	if (!err)
		ok(page.size && (va & 0xfff) + page.size == 0x1000, "... to the end of its page");
}

static void test_s390x_translate(void)
{
	fake_init(&f, 0, 0x100000);
	leads_to(&arch_s390x, 0, -ENOENT, "s390x: without a PSW");
	fake_set(&f.view, S390_PSWM, 0x0000000180000000);
	leads_to(&arch_s390x, 0, -ENOENT, "s390x: without a prefix");
	fake_set(&f.view, S390_PREFIX_REG, 0x20000);
	leads_to(&arch_s390x, 0x123, 0x20123, "s390x: the prefix area");
	leads_to(&arch_s390x, 0x1fff, 0x21fff, "s390x: its last byte");
	leads_to(&arch_s390x, 0x2000, 0x2000, "s390x: behind it");
	leads_to(&arch_s390x, 0x20010, 0x10, "s390x: what the prefix area is exchanged for");
	leads_to(&arch_s390x, 0x22000, 0x22000, "s390x: behind that");
	fake_set(&f.view, S390_PSWM, 0x0400000180000000);
	leads_to(&arch_s390x, 0x123, -EOPNOTSUPP, "s390x: with DAT");
}

static void test_mips_translate(void)
{
	leads_to(&arch_mips64, 0xffffffff80100040, 0x100040, "mips64: kseg0");
	leads_to(&arch_mips64, 0xffffffffbfc00000, 0x1fc00000, "mips64: kseg1");
	leads_to(&arch_mips64, 0x9800000012345678, 0x12345678, "mips64: xkphys");
	leads_to(&arch_mips64, 0x900000ffffffffff, 0xffffffffff, "mips64: xkphys, uncached");
	leads_to(&arch_mips64, 0xffffffffc0000000, -EOPNOTSUPP, "mips64: kseg2");
	leads_to(&arch_mips64, 0x10000, -EOPNOTSUPP, "mips64: useg");
}

static void test_loongarch_translate(void)
{
	fake_init(&f, 0, 0x100000);
	leads_to(&arch_loongarch64, 0, -ENOENT, "loongarch64: without CRMD");
	fake_set(&f.view, LOONG_CRMD, 0x8);
	leads_to(&arch_loongarch64, 0x9000000000200010, 0x200010, "loongarch64: direct addresses");
	fake_set(&f.view, LOONG_CRMD, 0x10);
	leads_to(&arch_loongarch64, 0x9000000000200010, -ENOENT, "loongarch64: without windows");
	for (unsigned i = 0; i < 4; i++)
		fake_set(&f.view, LOONG_DMW(i), 0);
	leads_to(&arch_loongarch64, 0x200010, -EOPNOTSUPP, "loongarch64: mapped by tables");
	fake_set(&f.view, LOONG_DMW(1), 0x9000000000000011);
	leads_to(&arch_loongarch64, 0x9000000000200010, 0x200010, "loongarch64: in a window");
	leads_to(&arch_loongarch64, 0x8000000000200010, -EOPNOTSUPP, "loongarch64: in none");
	fake_set(&f.view, LOONG_CRMD, 0x13);
	leads_to(&arch_loongarch64, 0x9000000000200010, -EOPNOTSUPP, "loongarch64: in one of another level");
	fake_set(&f.view, LOONG_DMW(3), 0x9000000000000008);
	leads_to(&arch_loongarch64, 0x9000000000200010, 0x200010, "loongarch64: in one of this level");
}

int main(void)
{
	test_s390x_planted();
	test_s390x_debug();
	test_encode(&arch_s390x, 0x3, 0, 16);
	test_encode(&arch_mips64, 0x3, 0x10001, 0);
	test_encode(&arch_loongarch64, 0x3, 0x10001, 0);
	test_loongarch_planted();
	test_mips_extended("status", 0x7020000000010060);
	test_mips_extended("cause", 0x7020000000010068);
	test_orig_a0();
	test_s390x_translate();
	test_mips_translate();
	test_loongarch_translate();
	return done();
}
