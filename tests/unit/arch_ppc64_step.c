/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 64-bit Power: where each kind of instruction may lead, and the one debug exit. Words are as an assembler makes
 * them.
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
	return arch_ppc64le.successors(&f.view, PC, code, 4 * n, next);
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
	ok(arch_ppc64le.successors(&f.view, PC, b_big, 4, next) == 1 && next[0] == PC + 0x100, "big-endian code");
	start(PPC_MSR_LE);
	set(PPC_CTR, 0xffffffff00400000);
	lead_to("32-bit mode: the upper half of an address is not there", &bctr, 1, (uint64_t[]){ 0x400000 }, 1);
	start(REAL | PPC_MSR_IR | PPC_MSR_DR);
	lead_to("sc with LPCR.AIL", &sc, 1, (uint64_t[]){ 0xc000000000004c00 }, 1);
	lead_to("scv with LPCR.AIL", &scv, 1, (uint64_t[]){ 0xc000000000003000 }, 1);
	set(PPC_LPCR, 0);
	lead_to("without it, translation goes off on the way: refused", &sc, 1, NULL, -EOPNOTSUPP);
	set(PPC_SRR1, REAL);
	lead_to("rfid to another translation: refused", &rfid, 1, NULL, -EOPNOTSUPP);
	ok(arch_ppc64le.successors(&f.view, PC, b_big, 3, next) == -EFAULT, "three bytes are no instruction");
}

static void test_debug(void)
{
	struct ppc64_debug_exit e = { .address = 0x200010, .status = 5 };
	struct arch_point p = { .type = POINT_WRITE, .addr = 0x1000, .len = 8 };
	struct arch_debug d = { .planted = true };
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = 4 };
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct arch_hit hit;
	uint32_t control;

	memcpy(exit.data, &e, sizeof(e));
	arch_ppc64le.classify(&exit, &hit);
	ok(hit.kind == HIT_PLANTED && hit.have_addr && hit.addr == 0x200010,
		"a debug exit is a planted opcode, whatever its status");
	exit.reason = 19;
	arch_ppc64le.classify(&exit, &hit);
	is_int(hit.kind, HIT_NONE, "a hypercall is none");
	is_int(arch_ppc64le.point_slots(&p), 0, "no point fits a debug register");
	is_int(arch_ppc64le.encode_debug(&d, &control, bytes), PPC_DEBUG_SIZE, "size of the request");
	is_int(control, 0x10001, "KVM_GUESTDBG_USE_SW_BP");
}

int main(void)
{
	test_single();
	test_sequences();
	test_modes();
	test_debug();
	return done();
}
