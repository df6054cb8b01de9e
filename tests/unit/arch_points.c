/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug requests and debug exits. What encode_debug() wrote is read back here as the hardware would read it, byte by byte, and
 * must be what was asked for; exits are made by hand.
 */
#include "arch/aarch64.h"
#include "arch/exit_common.h"
#include "arch/x86_64.h"
#include "fake_vcpu.h"
#include "tap.h"

/* What one slot watches. */
struct watched {
	uint64_t addr, len;
	unsigned kind; /* LSC, or R/W */
};

static unsigned encode(const struct arch *arch, const struct debug_request *d, uint32_t *control, void *bytes)
{
	memset(bytes, 0xff, ARCH_DEBUG_SIZE);
	return arch->debug.encode(d, control, bytes);
}

/* DBGWCR: MASK, or a run of BAS within 8 bytes. False when it is not enabled at EL0 and EL1, or is what no hardware takes. */
static bool read_wcr(uint64_t wcr, uint64_t wvr, struct watched *w)
{
	unsigned mask = wcr >> 24 & 31, bas = wcr >> 5 & 0xff;

	if ((wcr & 7) != 7 || wcr & ~0x1f001fffull || wvr % 8 || !bas)
		return false;
	w->kind = wcr >> 3 & 3;
	if (mask) {
		*w = (struct watched){ wvr, 1ull << mask, w->kind };
		return mask >= 3 && bas == 0xff && wvr % w->len == 0;
	}
	w->addr = wvr + __builtin_ctz(bas);
	w->len = __builtin_popcount(bas);
	return bas >> __builtin_ctz(bas) == (1u << w->len) - 1;
}

static unsigned decode_aarch64(const uint8_t *bytes, struct watched *w)
{
	struct aarch64_debug regs;
	unsigned n = 0;

	memcpy(&regs, bytes, sizeof(regs));
	while (n < 16 && regs.wcr[n] && read_wcr(regs.wcr[n], regs.wvr[n], &w[n]))
		n++;
	for (unsigned i = n; i < 16; i++)
		if (regs.wcr[i] || regs.wvr[i])
			return 0;
	return n;
}

/* DR7: G of each slot, and nothing but the reserved 1 besides; addresses are aligned to the length. */
static unsigned decode_x86(const uint8_t *bytes, struct watched *w)
{
	static const uint8_t lens[] = { 1, 2, 8, 4 };
	uint64_t dr[8], rest;
	unsigned n = 0;

	memcpy(dr, bytes, sizeof(dr));
	rest = dr[7] & ~0x400ull;
	for (; n < 4 && dr[7] >> (2 * n) & 2; n++) {
		w[n] = (struct watched){ dr[n], lens[dr[7] >> (18 + 4 * n) & 3], dr[7] >> (16 + 4 * n) & 3 };
		rest &= ~(2ull << (2 * n) | 0xfull << (16 + 4 * n));
		if (w[n].addr % w[n].len)
			return 0;
	}
	return rest || !(dr[7] & 0x400) || dr[4] || dr[5] || dr[6] ? 0 : n;
}

typedef unsigned decode_fn(const uint8_t *bytes, struct watched *w);

/* The slots follow one another from the first byte to the last. */
static bool covers(const struct watched *w, unsigned n, const struct arch_point *p, unsigned kind)
{
	uint64_t next = p->addr;

	for (unsigned i = 0; i < n; i++) {
		if (w[i].addr != next || w[i].kind != kind)
			return false;
		next += w[i].len;
	}
	return n && next - p->addr == p->len;
}

static bool exact(const struct arch *arch, decode_fn *decode, const struct arch_point *p, unsigned kind)
{
	struct debug_request d = { .n = 1, .hw[0] = *p };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct watched w[16];
	uint32_t control;
	unsigned n;

	encode(arch, &d, &control, bytes);
	n = decode(bytes, w);
	return control == 0x20001 && n == arch->debug.point_slots(p) && covers(w, n, p, kind);
}

static void test_exact(const struct arch *arch, decode_fn *decode, uint64_t max_len, const char *name)
{
	bool good = true;
	unsigned tried = 0;

	for (uint64_t addr = 0xffff000000001000; addr < 0xffff000000001020; addr++)
		for (uint64_t len = 1; len <= max_len; len++) {
			struct arch_point p = { POINT_WRITE, addr, len };

			if (!arch->debug.point_slots(&p))
				continue;
			tried++;
			if (!exact(arch, decode, &p, arch == &arch_aarch64 ? 2 : 1)) {
				printf("# 0x%" PRIx64 ", %" PRIu64 "\n", addr, len);
				good = false;
			}
		}
	ok(good && tried > 100, "%s: %u ranges are watched exactly", name, tried);
}

static void slots(const struct arch *arch, enum point_type type, uint64_t addr, uint64_t len, unsigned want)
{
	struct arch_point p = { type, addr, len };
	unsigned got = arch->debug.point_slots(&p);

	if (!ok(got == want, "%s: type %d at 0x%" PRIx64 ", %" PRIu64 " bytes: %u slots", arch->name, type, addr, len, want))
		printf("# got %u\n", got);
}

static void test_slots_aarch64(void)
{
	const struct arch *a = &arch_aarch64;

	slots(a, POINT_HARDWARE, 0x1000, 4, 1);
	slots(a, POINT_HARDWARE, 0x1002, 4, 0);
	slots(a, POINT_HARDWARE, 0x1002, 2, 1);
	slots(a, POINT_HARDWARE, 0x1001, 2, 0);
	slots(a, POINT_WRITE, 0x1000, 8, 1);
	slots(a, POINT_READ, 0x1003, 5, 1);
	slots(a, POINT_ACCESS, 0x1003, 6, 2);
	slots(a, POINT_WRITE, 0x1000, 0x80000000, 0);
	slots(a, POINT_WRITE, 0x80000000, 0x80000000, 1);
	slots(a, POINT_WRITE, 0x100000000, 0x100000000, 2);
	slots(a, POINT_WRITE, 0x1008, 0x1000, 10);
	slots(a, POINT_WRITE, 0x1007, 0x1002, 12);
	slots(a, POINT_WRITE, 0x1000, 0, 0);
	slots(a, POINT_WRITE, 0, UINT64_MAX, 0);
	slots(a, POINT_WRITE, UINT64_MAX - 7, 8, 1);
	slots(a, POINT_WRITE, UINT64_MAX - 7, 9, 0);
	slots(a, POINT_WRITE, 0, 16ull << 31, 16);
	slots(a, POINT_WRITE, 0, 17ull << 31, 0);
}

static void test_slots_x86(void)
{
	const struct arch *a = &arch_x86_64;

	slots(a, POINT_HARDWARE, 0x1001, 1, 1);
	slots(a, POINT_HARDWARE, UINT64_MAX, 0, 1);
	slots(a, POINT_WRITE, 0x1000, 8, 1);
	slots(a, POINT_ACCESS, 0x1004, 4, 1);
	slots(a, POINT_WRITE, 0x1001, 8, 4);
	slots(a, POINT_WRITE, 0x1001, 4, 3);
	slots(a, POINT_WRITE, 0x1000, 32, 4);
	slots(a, POINT_WRITE, 0x1000, 33, 0);
	slots(a, POINT_READ, 0x1000, 8, 0);
	slots(a, POINT_WRITE, 0x1000, 0, 0);
	slots(a, POINT_WRITE, 1, UINT64_MAX, 0);
	slots(a, POINT_WRITE, 0, UINT64_MAX, 0);
}

/* The ways that KVM was seen to take (addresses, BAS 0xf0, MASK 12), spelt out. */
static void test_known_aarch64(void)
{
	struct debug_request d = { .n = 4,
		.hw = { { POINT_ACCESS, 0x40001004, 4 }, { POINT_HARDWARE, 0x40000008, 4 }, { POINT_READ, 0x40002000, 0x1000 },
			{ POINT_HARDWARE, 0xffff800040000000, 4 } } };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct aarch64_debug regs;
	uint32_t control;

	is_int(encode(&arch_aarch64, &d, &control, bytes), sizeof(regs), "aarch64: size of the request");
	memcpy(&regs, bytes, sizeof(regs));
	is_int(regs.bcr[0], 0x1e7, "aarch64: BCR");
	is_int(regs.bvr[0], 0x40000008, "aarch64: BVR");
	is_int(regs.bvr[1], 0xffff800040000000, "aarch64: the second BVR");
	is_int(regs.bcr[2], 0, "aarch64: no third");
	is_int(regs.wcr[0], 7 | 3 << 3 | 0xf0 << 5, "aarch64: WCR of an access to the upper half of 8 bytes");
	is_int(regs.wvr[0], 0x40001000, "aarch64: WVR on 8 bytes");
	is_int(regs.wcr[1], 7 | 1 << 3 | 0xff << 5 | 12 << 24, "aarch64: WCR of reads from a page");
	is_int(regs.wvr[1], 0x40002000, "aarch64: its WVR");
}

/* T32 instructions are told by halfwords (DBGBCR_EL1.BAS). */
static void test_halfwords_aarch64(void)
{
	struct debug_request d = { .n = 3,
		.hw = { { POINT_HARDWARE, 0x1000, 4 }, { POINT_HARDWARE, 0x1000, 2 }, { POINT_HARDWARE, 0x1002, 2 } } };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct aarch64_debug regs;
	uint32_t control;

	encode(&arch_aarch64, &d, &control, bytes);
	memcpy(&regs, bytes, sizeof(regs));
	ok(regs.bvr[0] == 0x1000 && regs.bcr[0] == 0x1e7, "aarch64: a word");
	ok(regs.bvr[1] == 0x1000 && regs.bcr[1] == 0x067, "aarch64: its first halfword");
	ok(regs.bvr[2] == 0x1000 && regs.bcr[2] == 0x187, "aarch64: and its second");
}

static void test_known_x86(void)
{
	struct debug_request d = { .n = 3,
		.hw = { { POINT_HARDWARE, 0x401234, 1 }, { POINT_READ, 0x5000, 8 }, { POINT_ACCESS, 0x6004, 6 } } };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct x86_debug regs;
	uint32_t control;

	is_int(encode(&arch_x86_64, &d, &control, bytes), 64, "x86_64: size of the request");
	memcpy(&regs, bytes, sizeof(regs));
	is_int(regs.debugreg[0], 0x401234, "x86_64: DR0");
	is_int(regs.debugreg[1], 0x6004, "x86_64: DR1: a read point takes no slot");
	is_int(regs.debugreg[2], 0x6008, "x86_64: DR2: the rest of 6 bytes");
	is_int(regs.debugreg[7], 0x400 | 2 | 8 | 32 | 0xf << 20 | 7 << 24, "x86_64: DR7");
}

static void test_full(const struct arch *arch, decode_fn *decode, unsigned max)
{
	struct debug_request d = { .n = ARCH_HW_MAX };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct watched w[16];
	uint32_t control;

	for (unsigned i = 0; i < ARCH_HW_MAX; i++)
		d.hw[i] = (struct arch_point){ POINT_WRITE, 0x1001 + 16 * i, 8 };
	encode(arch, &d, &control, bytes);
	is_int(decode(bytes, w), max, "more than there is room for is left out");
}

static void test_control(const struct arch *arch)
{
	static const struct {
		struct debug_request d;
		uint32_t want;
	} cases[] = {
		{ { 0 }, 0 },
		{ { .step = true }, 3 },
		{ { .planted = true }, 0x10001 },
		{ { .n = 1, .hw[0] = { POINT_HARDWARE, 0x1000, 4 } }, 0x20001 },
		{ { .step = true, .planted = true, .n = 1, .hw[0] = { POINT_WRITE, 0x1000, 4 } }, 0x30003 },
	};
	static const uint8_t zero[ARCH_DEBUG_SIZE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[ARCH_DEBUG_SIZE];
		uint32_t control;

		encode(arch, &cases[i].d, &control, bytes);
		is_int(control, cases[i].want, "control word");
		ok(cases[i].d.n || !memcmp(bytes, zero, sizeof(bytes)), "... and no register unless there is a point");
	}
}

static struct vcpu_exit exit_of(uint32_t reason, const void *data, size_t size)
{
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = reason };

	memcpy(exit.data, data, size);
	return exit;
}

static struct arch_hit hit_of(const struct arch *arch, uint32_t reason, const void *data, size_t size)
{
	struct vcpu_exit exit = exit_of(reason, data, size);
	struct arch_hit hit;

	memset(&hit, 0xff, sizeof(hit));
	arch->exit.classify(&exit, &hit);
	return hit;
}

static void test_classify_aarch64(void)
{
	static const struct {
		uint32_t hsr;
		enum hit_kind kind;
		const char *name;
	} cases[] = {
		{ 0xcbffffff, HIT_STEP, "aarch64: step" },
		{ 0xf2000000, HIT_PLANTED, "aarch64: BRK" },
		{ 0xe2000000, HIT_PLANTED, "aarch64: BKPT" },
		{ 0xc2000022, HIT_EXEC, "aarch64: breakpoint" },
		{ 0xd2000062, HIT_WATCH, "aarch64: watchpoint" },
		{ 0x96000000, HIT_NONE, "aarch64: a data abort" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct aarch64_debug_exit e = { .hsr = cases[i].hsr, .far = 0xffff800012345678 };
		struct arch_hit hit = hit_of(&arch_aarch64, 4, &e, sizeof(e));
		bool watch = hit.kind == HIT_WATCH;

		is_int(hit.kind, cases[i].kind, cases[i].name);
		ok(hit.have_addr == watch && hit.addr == (watch ? 0xffff800012345678 : 0), "... address");
		ok(!hit.slots && !hit.emulated && !hit.stepped, "... nothing else");
	}
}

static void test_classify_x86(void)
{
	static const struct {
		struct x86_debug_exit e;
		struct arch_hit want;
		const char *name;
	} cases[] = {
		{ { 3, 0, 0xffffffff81000000, 0x4000, 0 },
			{ .kind = HIT_PLANTED, .have_addr = true, .addr = 0xffffffff81000000 }, "x86_64: int3" },
		{ { 1, 0, 0x1000, 0xffff4ff0, 0 }, { .kind = HIT_STEP, .stepped = true }, "x86_64: step" },
		{ { 1, 0, 0x1000, 0xffff0ff4, 0 }, { .kind = HIT_EXEC, .slots = 4 }, "x86_64: slot 2" },
		{ { 1, 0, 0x1000, 0xffff4ff9, 0 }, { .kind = HIT_EXEC, .slots = 9, .stepped = true },
			"x86_64: slots 0 and 3, and a step" },
		{ { 1, 0, 0x1000, 0xffff0ff0, 0x401 }, { .kind = HIT_OWN },
			"x86_64: a debug exception that DR6 does not explain is the guest's" },
		{ { 13, 0, 0x1000, 0x4000, 0 }, { .kind = HIT_NONE }, "x86_64: another vector" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arch_hit hit = hit_of(&arch_x86_64, 4, &cases[i].e, sizeof(cases[i].e)), want = cases[i].want;

		ok(hit.kind == want.kind && hit.have_addr == want.have_addr && hit.addr == want.addr &&
				hit.slots == want.slots && hit.stepped == want.stepped && !hit.emulated,
			"%s", cases[i].name);
	}
}

static void test_classify_errors(const struct arch *arch)
{
	struct exit_internal e = { .suberror = 1 };
	struct arch_hit hit = hit_of(arch, 17, &e, sizeof(e));

	ok(hit.kind == HIT_NONE && hit.emulated, "%s: the emulator gave up", arch->name);
	e.suberror = 2;
	hit = hit_of(arch, 17, &e, sizeof(e));
	ok(hit.kind == HIT_NONE && !hit.emulated, "%s: another internal error", arch->name);
	e.suberror = 1;
	hit = hit_of(arch, 8, &e, sizeof(e));
	ok(hit.kind == HIT_NONE && !hit.emulated, "%s: a shutdown", arch->name);
}

static void says(const struct arch *arch, uint32_t reason, const void *data, size_t size, const char *want)
{
	struct vcpu_exit exit = exit_of(reason, data, size);
	char text[200], small[8];

	arch->exit.describe(&exit, text, sizeof(text));
	is_str(text, want, want);
	memset(small, 'x', sizeof(small));
	arch->exit.describe(&exit, small, 7);
	ok(strlen(small) == 6 && small[7] == 'x', "... cut to its place");
}

static void test_describe(const struct arch *arch)
{
	struct exit_internal e = { .suberror = 1, .ndata = 3, .flags = 1, .insn_size = 3, .insn_bytes = { 0x0f, 0x0b, 0xcc } };
	struct exit_fail_entry fail = { .hardware_reason = 0x80000021, .cpu = 3 };
	struct exit_words words = { .suberror = 3, .ndata = 3, .data = { 0x80000306, 0x31, UINT64_MAX } };

	says(arch, 17, &e, sizeof(e), "KVM could not emulate the guest's instruction, which begins with 0f 0b cc");
	e.insn_size = 255;
	says(arch, 17, &e, sizeof(e),
		"KVM could not emulate the guest's instruction, which begins with 0f 0b cc 00 00 00 00 00 00 00 00 00 00 00 "
		"00");
	e.ndata = 2;
	says(arch, 17, &e, sizeof(e), "KVM could not emulate the guest's instruction");
	e.ndata = 3;
	e.flags = 0;
	says(arch, 17, &e, sizeof(e), "KVM could not emulate the guest's instruction");
	says(arch, 17, &words, sizeof(words),
		"KVM had an internal error, suberror 3: an exit while an event was delivered, data 0x80000306 0x31 "
		"0xffffffffffffffff");
	words.suberror = 77;
	words.ndata = 1000;
	for (unsigned i = 0; i < 16; i++)
		words.data[i] = i;
	says(arch, 17, &words, sizeof(words),
		"KVM had an internal error, suberror 77, data 0x0 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8 0x9 0xa 0xb 0xc 0xd 0xe 0xf");
	words.ndata = 0;
	says(arch, 17, &words, sizeof(words), "KVM had an internal error, suberror 77");
	says(arch, 9, &fail, sizeof(fail), "processor 3 refused to enter the guest, hardware reason 0x80000021");
	says(arch, 3, "", 1, "the guest stopped with KVM_EXIT_HYPERCALL (3)");
	says(arch, 77777, "", 1, "the guest stopped with an exit of KVM's that is not known here (77777)");
}

static void test_describe_own(void)
{
	struct x86_debug_exit x86 = { .exception = 1, .dr6 = 0xffff0ff0 };
	struct aarch64_debug_exit arm = { .hsr = 0x96000045 };

	says(&arch_x86_64, 8, "", 1, "the guest had a triple fault (KVM_EXIT_SHUTDOWN)");
	says(&arch_x86_64, 4, &x86, sizeof(x86), "a debug exception that nobody asked for, vector 1 (DR6 0xffff0ff0)");
	says(&arch_aarch64, 4, &arm, sizeof(arm), "a debug exception that nobody asked for, of class 0x25 (ESR 0x96000045)");
}

static void test_mp_state(void)
{
	is_str(arch_x86_64.regs.mp_state(0), "running", "x86_64: runnable");
	is_str(arch_x86_64.regs.mp_state(2), "waiting for SIPI", "x86_64: INIT received");
	is_str(arch_x86_64.regs.mp_state(3), "halted", "x86_64: halted");
	ok(!arch_x86_64.regs.mp_state(5) && !arch_x86_64.regs.mp_state(10) && !arch_x86_64.regs.mp_state(UINT32_MAX),
		"x86_64: unknown");
	is_str(arch_aarch64.regs.mp_state(0), "running", "aarch64: runnable");
	is_str(arch_aarch64.regs.mp_state(5), "off (PSCI)", "aarch64: stopped");
	ok(!arch_aarch64.regs.mp_state(3) && !arch_aarch64.regs.mp_state(11) && !arch_aarch64.regs.mp_state(UINT32_MAX),
		"aarch64: unknown");
}

int main(void)
{
	test_exact(&arch_aarch64, decode_aarch64, 300, "aarch64");
	test_exact(&arch_x86_64, decode_x86, 40, "x86_64");
	test_slots_aarch64();
	test_slots_x86();
	test_known_aarch64();
	test_halfwords_aarch64();
	test_known_x86();
	test_full(&arch_aarch64, decode_aarch64, 16);
	test_full(&arch_x86_64, decode_x86, 4);
	test_control(&arch_aarch64);
	test_control(&arch_x86_64);
	test_classify_aarch64();
	test_classify_x86();
	test_classify_errors(&arch_aarch64);
	test_classify_errors(&arch_x86_64);
	test_describe(&arch_aarch64);
	test_describe(&arch_x86_64);
	test_describe_own();
	test_mp_state();
	return done();
}
