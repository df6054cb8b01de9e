/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What instructions have to do with the mask of interrupts, and where an exception has saved it, on each architecture. Words are as
 * an assembler makes them.
 */
#include "arch/aarch64.h"
#include "arch/ppc64.h"
#include "arch/riscv64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define PC 0x80001000ull
#define EL1H 5
#define I (1ull << 7)
#define F (1ull << 6)

static struct fake_vcpu f;

struct example {
	const char *name;
	uint32_t word;
	struct arch_mask_use use;
};

static bool same(const struct arch_mask_use *a, const struct arch_mask_use *b)
{
	return a->needs_own == b->needs_own && a->replaces == b->replaces && a->read_to == b->read_to && a->sets == b->sets &&
	       a->clears == b->clears;
}

static struct arch_mask_use use_of(const struct arch_mask *mask, uint32_t word, size_t len)
{
	struct arch_mask_use use = { 0 };
	uint8_t code[4];

	for (unsigned i = 0; i < 4; i++)
		code[i] = (uint8_t)(word >> 8 * i);
	mask->use(&f.view, code, len, &use);
	return use;
}

static void test_uses(const struct arch_mask *mask, const struct example *examples, unsigned n)
{
	static const struct arch_mask_use nothing;

	for (unsigned i = 0; i < n; i++) {
		struct arch_mask_use use = use_of(mask, examples[i].word, 4), part = use_of(mask, examples[i].word, 2);

		ok(same(&use, &examples[i].use), "%s", examples[i].name);
		if (!same(&part, &nothing))
			ok(false, "%s: of half of it nothing is known", examples[i].name);
	}
}

#define USES(mask, examples) test_uses(mask, examples, sizeof(examples) / sizeof((examples)[0]))

/* ---- arm64 ---- */

static void arm64_at(uint64_t pc, uint64_t pstate, uint64_t elr)
{
	fake_init(&f, 0, 0x10000000);
	fake_set(&f.view, A64_PC, pc);
	fake_set(&f.view, A64_PSTATE, pstate);
	fake_set(&f.view, A64_VBAR_EL1, 0x80010800);
	fake_set(&f.view, A64_ELR_EL1, elr);
}

static void test_arm64(void)
{
	static const struct example examples[] = {
		{ "mrs x5, daif", 0xd53b4225, { .read_to = A64_X(5) } },
		{ "mrs xzr, daif", 0xd53b423f, { 0 } },
		{ "mrs x5, nzcv", 0xd53b4205, { 0 } },
		{ "msr daif, x5", 0xd51b4225, { .replaces = true } },
		{ "msr daifset, #2", 0xd50342df, { .sets = I } },
		{ "msr daifset, #0xf", 0xd5034fdf, { .sets = I | F } },
		{ "msr daifset, #8", 0xd50348df, { 0 } },
		{ "msr daifclr, #3", 0xd50343ff, { .clears = I | F } },
		{ "msr spsel, #1", 0xd50041bf, { 0 } },
		{ "eret", 0xd69f03e0, { .replaces = true } },
		{ "eretaa", 0xd69f0bff, { .replaces = true } },
		{ "eretab", 0xd69f0fff, { .replaces = true } },
		{ "ret", 0xd65f03c0, { 0 } },
		{ "hvc #1", 0xd4000022, { .needs_own = true } },
		{ "smc #0", 0xd4000003, { .needs_own = true } },
		{ "svc #0", 0xd4000001, { 0 } },
		{ "wfi", 0xd503207f, { 0 } },
	};

	arm64_at(PC, EL1H, 0);
	USES(&aarch64_mask, examples);
	fake_set(&f.view, A64_PSTATE, 0x10);
	ok(!use_of(&aarch64_mask, 0xd51b4225, 4).replaces, "AArch32 code is not taken for that");
	fake_set(&f.view, A64_PSTATE, A64_MODE_EL2H);
	ok(use_of(&aarch64_mask, 0xd503201f, 4).needs_own, "a hypervisor's own mask is left alone");
}

static void test_arm64_saved(void)
{
	static const struct {
		uint64_t pc, elr;
		bool is;
		const char *name;
	} at[] = {
		{ 0x80010a00, PC, true, "at the same level" },
		{ 0x80010800, PC, true, "at the same level, with SP_EL0" },
		{ 0x80010c00, PC, true, "from a lower level" },
		{ 0x80010e00, PC, true, "from a lower level, in AArch32 state" },
		{ 0x80010c00, PC + 4, true, "of svc" },
		{ 0x80010a80, PC, false, "an interrupt's handler is none of that" },
		{ 0x80010a00, PC + 8, false, "another instruction's exception" },
		{ 0x80010a04, PC, false, "in the midst of a handler" },
		{ 0x80011000, PC, false, "behind the vectors" },
	};

	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		arm64_at(at[i].pc, EL1H | 0x300, at[i].elr);
		ok(aarch64_mask.saved(&f.view, PC) == (at[i].is ? A64_SPSR_EL1 : 0), "saved: %s", at[i].name);
	}
}

static void test_arm64_no_handler(void)
{
	arm64_at(0x80010a00, EL1H | 0x100, PC);
	ok(!aarch64_mask.saved(&f.view, PC), "saved: a handler masks more than interrupts");
	arm64_at(0x80010a00, 0x300, PC);
	ok(!aarch64_mask.saved(&f.view, PC), "saved: a handler is at EL1");
}

/* ---- riscv64 ---- */

static void test_riscv64(void)
{
	static const struct example examples[] = {
		{ "csrr a0, sie", 0x10402573, { .read_to = RV_X(10) } },
		{ "csrw sie, a1", 0x10459073, { .replaces = true } },
		{ "csrrw a0, sie, a1", 0x10459573, { .replaces = true, .read_to = RV_X(10) } },
		{ "csrwi sie, 2", 0x10415073, { .replaces = true } },
		{ "csrs sie, a1", 0x1045a073, { .needs_own = true } },
		{ "csrsi sie, 2", 0x10416073, { .needs_own = true } },
		{ "csrc sie, a1", 0x1045b073, { .clears = 0x222 } },
		{ "csrrci a0, sie, 2", 0x10417573, { .clears = 2, .read_to = RV_X(10) } },
		{ "csrr a0, stopi", 0xdb002573, { .needs_own = true } },
		{ "csrr a0, sip", 0x14402573, { 0 } },
		{ "csrrci a0, sstatus, 2", 0x10017573, { 0 } },
		{ "wfi", 0x10500073, { .needs_own = true } },
		{ "wrs.nto", 0x00d00073, { .needs_own = true } },
		{ "wrs.sto", 0x01d00073, { .needs_own = true } },
		{ "sret", 0x10200073, { 0 } },
		{ "ecall, a call of the SBI", 0x00000073, { .needs_own = true } },
		{ "addi", 0x10450513, { 0 } },
	};

	fake_init(&f, 0, 0x10000000);
	fake_set(&f.view, RV_MODE, RV_MODE_S);
	fake_set(&f.view, RV_X(11), 0x222);
	USES(&riscv64_mask, examples);
	fake_set(&f.view, RV_MODE, RV_MODE_U);
	ok(!use_of(&riscv64_mask, 0x00000073, 4).needs_own, "ecall, from user mode");
}

/* ---- 64-bit Power ---- */

static void test_ppc64(void)
{
	static const struct example examples[] = {
		{ "mfmsr r4", 0x7c8000a6, { .read_to = PPC_GPR(4) } },
		{ "mtmsr r4", 0x7c800124, { .replaces = true } },
		{ "mtmsrd r4", 0x7c800164, { .replaces = true } },
		{ "mtmsrd r4, 1", 0x7c810164, { .replaces = true } },
		{ "rfid", 0x4c000024, { .replaces = true } },
		{ "rfscv", 0x4c0000a4, { .replaces = true } },
		{ "hrfid", 0x4c000224, { .needs_own = true } },
		{ "stop", 0x4c0002e4, { .needs_own = true } },
		{ "wait", 0x7c00003c, { .needs_own = true } },
		{ "sc", 0x44000002, { 0 } },
		{ "sc 1", 0x44000022, { .needs_own = true } },
		{ "scv 0", 0x44000001, { .needs_own = true } },
		{ "mfsrr1 r4", 0x7c9b02a6, { 0 } },
		{ "blr", 0x4e800020, { 0 } },
		{ "addi", 0x380000a6, { 0 } },
	};

	fake_init(&f, 0, 0x10000000);
	fake_set(&f.view, PPC_MSR, PPC_MSR_SF | PPC_MSR_LE);
	USES(&ppc64_mask, examples);
	fake_set(&f.view, PPC_MSR, PPC_MSR_SF);
	ok(use_of(&ppc64_mask, 0x2400004c, 4).replaces, "big-endian code");
}

static bool leads_to(uint32_t word, uint64_t vector)
{
	const uint8_t code[] = { (uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24) };
	uint64_t at[ARCH_HANDLERS];
	unsigned n = ppc64_mask.handlers(&f.view, code, 4, at);

	for (unsigned i = 0; i < n; i++)
		if (at[i] == vector)
			return true;
	return !n && !vector;
}

static void test_ppc64_saved(void)
{
	fake_init(&f, 0, 0x10000000);
	fake_set(&f.view, PPC_MSR, PPC_MSR_SF | PPC_MSR_LE);
	fake_set(&f.view, PPC_LPCR, 3ull << 23);
	ok(leads_to(0xe8640000, 0x300) && leads_to(0xe8640000, 0x600) && !leads_to(0xe8640000, 0x700),
		"ld: data storage, alignment");
	ok(leads_to(0x7c0007ce, 0xf20) && leads_to(0x7c0007ce, 0x300), "stvx: vector unavailable too");
	ok(leads_to(0xfc01102a, 0x800) && !leads_to(0xfc01102a, 0x300), "fadd: floating-point unavailable");
	ok(leads_to(0x0fe00000, 0x700), "twi: program");
	ok(leads_to(0x38600001, 0) && leads_to(0x48000004, 0), "li, b: nothing");
	fake_set(&f.view, PPC_PC, 0x300);
	fake_set(&f.view, PPC_SRR0, PC);
	ok(ppc64_mask.saved(&f.view, PC) == PPC_SRR1, "saved: data storage");
	ok(!ppc64_mask.saved(&f.view, PC + 8), "saved: another instruction's");
	fake_set(&f.view, PPC_PC, 0xc00);
	ok(ppc64_mask.saved(&f.view, PC - 4) == PPC_SRR1, "saved: sc");
	fake_set(&f.view, PPC_PC, 0x900);
	ok(!ppc64_mask.saved(&f.view, PC), "saved: the decrementer's is none of that");
	fake_set(&f.view, PPC_MSR, PPC_MSR_SF | PPC_MSR_LE | PPC_MSR_IR | PPC_MSR_DR);
	ok(leads_to(0xe8640000, 0xc000000000004300) && !leads_to(0xe8640000, 0x300), "ld, translated: with LPCR.AIL");
	fake_set(&f.view, PPC_PC, 0xc000000000004300);
	ok(ppc64_mask.saved(&f.view, PC) == PPC_SRR1, "saved: the same");
	fake_set(&f.view, PPC_PC, 0xc000000000000300);
	ok(!ppc64_mask.saved(&f.view, PC), "saved: not below it");
	fake_set(&f.view, PPC_LPCR, 0);
	ok(leads_to(0xe8640000, 0x300), "ld, translated: without LPCR.AIL");
}

int main(void)
{
	test_arm64();
	test_arm64_saved();
	test_arm64_no_handler();
	test_riscv64();
	test_ppc64();
	test_ppc64_saved();
	return done();
}
