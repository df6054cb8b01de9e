/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 64-bit Power: where each kind of instruction may lead, with which translation, and the one debug exit. Words are as an assembler
 * makes them.
 */
#include <errno.h>

#include "arch/ppc64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define PC 0x200000ull
#define REAL (PPC_MSR_SF | PPC_MSR_LE)

static struct fake_vcpu f;

static void set(uint64_t key, uint64_t value)
{
	fake_set(&f.view, key, value);
}

static void start(uint64_t msr)
{
	fake_init(&f, 0, 0x10000000);
	set(PPC_MSR, msr);
	set(PPC_LR, 0x300003);
	set(PPC_CTR, 0x400000);
	set(PPC_TAR, 0x500002);
	set(PPC_SRR0, 0x600001);
	set(PPC_SRR1, msr);
	set(PPC_LPCR, 3ull << 23);
}

/* The successors of the first of these words, at PC; the answer is their number or -errno. */
static int successors_of(const uint32_t *words, unsigned n, uint64_t next[ARCH_SUCCESSORS])
{
	uint8_t code[ARCH_CODE_SIZE];

	for (unsigned i = 0; i < 4 * n; i++)
		code[i] = words[i / 4] >> 8 * (i % 4);
	memset(next, 0, ARCH_SUCCESSORS * sizeof(next[0]));
	return arch_ppc64le.step.successors(&f.view, PC, code, 4 * n, next);
}

static void lead_to(const char *name, const uint32_t *words, unsigned nwords, const uint64_t *want, int nwant)
{
	uint64_t next[ARCH_SUCCESSORS];
	int n = successors_of(words, nwords, next);

	if (!ok(n == nwant && (n < 0 || !memcmp(next, want, (size_t)n * sizeof(next[0]))), "%s", name))
		printf("# got %d: 0x%" PRIx64 " 0x%" PRIx64 "\n", n, next[0], next[1]);
}

static void test_single(void)
{
	static const struct {
		const char *name;
		uint32_t word;
		int n;
		uint64_t want[2];
	} cases[] = {
		{ "addi", 0x38210010, 1, { PC + 4 } },
		{ "tw goes on behind itself", 0x7fe00008, 1, { PC + 4 } },
		{ "b forward", 0x48000100, 1, { PC + 0x100 } },
		{ "b backward", 0x4bffff00, 1, { PC - 0x100 } },
		{ "ba", 0x48000702, 1, { 0x700 } },
		{ "ba to the upper half", 0x4bfffff2, 1, { 0xfffffffffffffff0 } },
		{ "bl", 0x48000101, 1, { PC + 0x100 } },
		{ "beq, both ways", 0x41820020, 2, { PC + 4, PC + 0x20 } },
		{ "bne backward", 0x4082fff0, 2, { PC + 4, PC - 0x10 } },
		{ "bdnz", 0x4200fffc, 2, { PC + 4, PC - 4 } },
		{ "bca", 0x41820022, 2, { PC + 4, 0x20 } },
		{ "bcl 20,31: always", 0x429f0005, 1, { PC + 4 } },
		{ "blr", 0x4e800020, 1, { 0x300000 } },
		{ "beqlr", 0x4d820020, 2, { PC + 4, 0x300000 } },
		{ "bctr", 0x4e800420, 1, { 0x400000 } },
		{ "bctrl", 0x4e800421, 1, { 0x400000 } },
		{ "bnectr", 0x4c820420, 2, { PC + 4, 0x400000 } },
		{ "bctar", 0x4e800460, 1, { 0x500000 } },
		{ "rfscv", 0x4c0000a4, 1, { 0x300000 } },
		{ "rfid", 0x4c000024, 1, { 0x600000 } },
		{ "isync is an XL form that goes on", 0x4c00012c, 1, { PC + 4 } },
		{ "crxor", 0x4cc63182, 1, { PC + 4 } },
		{ "sc", 0x44000002, 1, { 0xc00 } },
		{ "sc 1, a hypercall", 0x44000022, 1, { PC + 4 } },
		{ "scv 1", 0x44000021, 1, { 0x17020 } },
		{ "a prefix: 8 bytes", 0x06000000, 1, { PC + 8 } },
		{ "ldarx with no store-conditional in sight", 0x7d2018a8, 1, { PC + 4 } },
	};

	start(REAL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		lead_to(cases[i].name, &cases[i].word, 1, cases[i].want, cases[i].n);
}

static void test_sequences(void)
{
	/* 1: ldarx; addi; stdcx.; bne- 1b */
	static const uint32_t increment[] = { 0x7d2018a8, 0x39290001, 0x7d2019ad, 0x40c2fff4 };
	/* lwarx; cmpw; bne- behind; stwcx.; bne- back */
	static const uint32_t exchange[] = { 0x7d201828, 0x7c092800, 0x40c20010, 0x7cc0192d, 0x40c2fff0 };
	static const uint32_t prefixed[] = { 0x7d2018a8, 0x06000000, 0x7d2019ad, 0x7d2019ad };
	static const uint32_t called[] = { 0x7d2018a8, 0x4e800420, 0x7d2019ad };
	static const uint32_t twice[] = { 0x7d2018a8, 0x7d2018a8, 0x7d2019ad };
	uint32_t many[12] = { 0x7d2018a8 };

	start(REAL);
	lead_to("ldarx .. stdcx. is one instruction", increment, 4, (uint64_t[]){ PC + 12 }, 1);
	lead_to("and so are the branches out of it", exchange, 5, (uint64_t[]){ PC + 16, PC + 24 }, 2);
	lead_to("the second half of a prefixed one is not looked at", prefixed, 4, (uint64_t[]){ PC + 16 }, 1);
	lead_to("with a branch to a register inside it is none", called, 3, (uint64_t[]){ PC + 4 }, 1);
	lead_to("nor with a second load", twice, 3, (uint64_t[]){ PC + 4 }, 1);
	for (unsigned i = 1; i < 11; i++)
		many[i] = 0x41820100;
	many[11] = 0x7d2019ad;
	lead_to("one with too many ways out is refused", many, 12, NULL, -EOPNOTSUPP);
}

static void test_modes(void)
{
	static const uint8_t b_big[] = { 0x48, 0x00, 0x01, 0x00 };
	static const uint32_t sc = 0x44000002, rfid = 0x4c000024, bctr = 0x4e800420, scv = 0x44000001;
	uint64_t next[ARCH_SUCCESSORS];

	start(PPC_MSR_SF);
	ok(arch_ppc64le.step.successors(&f.view, PC, b_big, 4, next) == 1 && next[0] == PC + 0x100, "big-endian code");
	start(PPC_MSR_LE);
	set(PPC_CTR, 0xffffffff00400000);
	lead_to("32-bit mode: the upper half of an address is not there", &bctr, 1, (uint64_t[]){ 0x400000 }, 1);
	start(REAL | PPC_MSR_IR | PPC_MSR_DR);
	lead_to("sc with LPCR.AIL", &sc, 1, (uint64_t[]){ 0xc000000000004c00 }, 1);
	lead_to("scv with LPCR.AIL", &scv, 1, (uint64_t[]){ 0xc000000000003000 }, 1);
	set(PPC_LPCR, 0);
	lead_to("without it", &sc, 1, (uint64_t[]){ 0xc00 }, 1);
	set(PPC_SRR0, 0xffffffff00600000);
	set(PPC_SRR1, PPC_MSR_LE);
	lead_to("rfid to 32-bit mode", &rfid, 1, (uint64_t[]){ 0x600000 }, 1);
	ok(arch_ppc64le.step.successors(&f.view, PC, b_big, 3, next) == -EFAULT, "three bytes are no instruction");
}

/* ---- where the next instruction is, when translation is another there ---- */

#define ON (REAL | PPC_MSR_IR | PPC_MSR_DR)
#define PROCESSES 0x10000ull
#define ROOT 0x20000ull
#define KERNEL 0xc000000040001234ull /* at LINEAR */
#define LINEAR 0x80001234ull

static void put(uint64_t pa, uint64_t value)
{
	fake_put(&f, pa, __builtin_bswap64(value), 8);
}

/* A vCPU with a page of 1 GiB in the kernel's quadrant, and nothing in the process's. */
static void start_with_tables(uint64_t msr)
{
	start(msr);
	set(PPC_PROCESS_TABLE, 1ull << 63 | PROCESSES);
	set(PPC_PID, 1);
	put(PROCESSES, 2ull << 61 | 5ull << 5 | ROOT | 13);
	put(ROOT, 1ull << 63 | (ROOT + 0x10000) | 9);
	put(ROOT + 0x10000 + 8, 3ull << 62 | 0x80000000 | 7);
}

static int translate_next(const uint32_t *word, uint64_t next, struct arch_page *page)
{
	uint8_t code[4];

	for (unsigned i = 0; word && i < 4; i++)
		code[i] = *word >> 8 * i;
	*page = (struct arch_page){ 0 };
	return arch_ppc64le.step.translate_next(&f.view, word ? code : NULL, word ? 4 : 0, next, page);
}

static void is_at(const uint32_t *word, uint64_t next, uint64_t pa, const char *name)
{
	struct arch_page page;
	int err = translate_next(word, next, &page);

	if (!ok(!err && page.pa == pa, "%s", name))
		printf("# got %d, 0x%" PRIx64 "\n", err, page.pa);
}

static void is_as_now(const uint32_t *word, const char *name)
{
	struct arch_page page;

	is_int(translate_next(word, KERNEL, &page), 1, name);
}

static void test_next_on(void)
{
	static const uint32_t rfid = 0x4c000024, rfscv = 0x4c0000a4;
	static const uint32_t mtmsrd = 0x7c800164, mtmsrd_1 = 0x7c810164, mtmsr = 0x7c800124;
	struct arch_page page;

	start_with_tables(REAL);
	set(PPC_SRR1, ON);
	is_at(&rfid, KERNEL, LINEAR, "rfid turns translation on");
	is_int(translate_next(&rfid, 0xc000000000001234, &page), -EFAULT, "... where this is not mapped");
	set(PPC_SRR1, REAL | PPC_MSR_PR);
	is_at(&rfid, KERNEL, LINEAR, "... and so does problem state");
	set(PPC_SRR1, REAL | PPC_MSR_EE);
	is_as_now(&rfid, "... or leaves it as it is");
	set(PPC_CTR, ON);
	is_at(&rfscv, KERNEL, LINEAR, "rfscv takes MSR from CTR");
	set(PPC_GPR(4), ON);
	is_at(&mtmsrd, KERNEL, LINEAR, "mtmsrd turns it on");
	is_as_now(&mtmsrd_1, "... but not with L = 1");
	set(PPC_GPR(4), (uint32_t)ON);
	is_at(&mtmsr, KERNEL, LINEAR, "mtmsr does, and leaves the upper half of MSR");
}

static void test_next_off(void)
{
	static const uint32_t sc = 0x44000002, scv = 0x44000001, hypercall = 0x44000022, nop = 0x60000000, b = 0x48000100;

	start_with_tables(ON);
	set(PPC_LPCR, 0);
	is_at(&sc, 0xc00, 0xc00, "sc turns translation off");
	is_at(&scv, 0x17000, 0x17000, "scv, too");
	is_at(NULL, 0x300, 0x300, "and so does what an instruction causes");
	is_as_now(&hypercall, "a hypercall does not");
	is_as_now(&nop, "nor do others");
	is_as_now(&b, "nor a branch");
	set(PPC_LPCR, 3ull << 23);
	is_as_now(&sc, "with LPCR.AIL it stays on");
	is_as_now(NULL, "... for all interrupts");
}

static void test_debug(void)
{
	struct ppc64_debug_exit e = { .address = 0x200010, .status = 5 };
	struct arch_point p = { .type = POINT_WRITE, .addr = 0x1000, .len = 8 };
	struct debug_request d = { .planted = true };
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = 4 };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct arch_hit hit;
	uint32_t control;

	memcpy(exit.data, &e, sizeof(e));
	arch_ppc64le.exit.classify(&exit, &hit);
	ok(hit.kind == HIT_PLANTED && hit.have_addr && hit.addr == 0x200010,
		"a debug exit is a planted opcode, whatever its status");
	exit.reason = 19;
	arch_ppc64le.exit.classify(&exit, &hit);
	is_int(hit.kind, HIT_NONE, "a hypercall is none");
	is_int(arch_ppc64le.debug.point_slots(&p), 0, "no point fits a debug register");
	is_int(arch_ppc64le.debug.encode(&d, &control, bytes), PPC_DEBUG_SIZE, "size of the request");
	is_int(control, 0x10001, "KVM_GUESTDBG_USE_SW_BP");
}

int main(void)
{
	test_single();
	test_sequences();
	test_modes();
	test_next_on();
	test_next_off();
	test_debug();
	return done();
}
