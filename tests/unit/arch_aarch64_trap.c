/* SPDX-License-Identifier: BSD-2-Clause */
/* Which opcode goes where AArch32 code may be: by who may execute the page, by the vCPU's state, by what is there. Or none does. */
#include "arch/aarch64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define A64_CODE 0x1000
#define A32_CODE 0x2000
#define T32_CODE 0x3000
#define LITTLE_A32 0x4010 /* a few instructions, among A64 */
#define EMPTY 0x5000

#define A32_STATE 0x1d0
#define T32_STATE 0x1f0

static struct fake_vcpu vcpu;

/* Each from a C library, one after the other. */
static const uint32_t a64_code[] = { 0xa9bc7bfd, 0x910003fd, 0xa90153f3, 0xf9000bf5, 0x90000900, 0xf945a000, 0x2a0103f4,
	0xb4000180, 0xaa0003e1, 0xd63f0020, 0x54000061, 0x94001234, 0xf9400260, 0xa94153f3, 0xa8c47bfd, 0xd65f03c0 };
static const uint32_t a32_code[] = { 0xe92d4070, 0xe1a04000, 0xe59f3054, 0xe08f3003, 0xe5933000, 0xe3530000, 0x0a000003,
	0xe1a01004, 0xe3a00000, 0xebfffff0, 0xe2844001, 0xe3540010, 0x1afffff7, 0xe5940000, 0xe28dd008, 0xe8bd8070 };
static const uint16_t t32_code[] = { 0xb5f0, 0xb085, 0x4604, 0x460d, 0x4b1c, 0x447b, 0x681b, 0x9303, 0x2300, 0xf7ff, 0xffe8,
	0x4606, 0xb120, 0x6820, 0x2800, 0xd0f5, 0x3401, 0x42ac, 0xd1f0, 0xe7ee, 0x4630, 0xf04f, 0x31ff, 0x9a03, 0x1a12, 0x4610,
	0xb005, 0xbdf0, 0x4770, 0xbf00, 0x46c0, 0xbf00 };

static void put_words(uint64_t at, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fake_put(&vcpu, at + 4 * i, words[i], 4);
}

#define PUT_WORDS(at, words) put_words(at, words, sizeof(words) / sizeof(words[0]))

static void begin(unsigned el0)
{
	fake_init(&vcpu, 0, FAKE_RAM);
	PUT_WORDS(A64_CODE, a64_code);
	PUT_WORDS(A32_CODE, a32_code);
	for (size_t i = 0; i < sizeof(t32_code) / sizeof(t32_code[0]); i++)
		fake_put(&vcpu, T32_CODE + 2 * i, t32_code[i], 2);
	PUT_WORDS(LITTLE_A32 - 16, a64_code);
	put_words(LITTLE_A32, a32_code, 3);
	fake_set(&vcpu.view, A64_ID_AA64PFR0_EL1, 0x10 | el0);
	fake_set(&vcpu.view, A64_SPSR_EL1, 0);
}

/* '6' for A64's, '3' and 't' for A32's and T32's, '?' for none. */
static char trap(uint64_t pstate, uint64_t at, uint64_t kind, unsigned access)
{
	const struct arch_page page = {
		.pa = at, .size = 4096 - at % 4096, .access = ARCH_PAGE_READ | ARCH_PAGE_EXEC | access
	};
	struct arch_opcode trap = { 0 };

	fake_set(&vcpu.view, A64_PSTATE, pstate);
	if (aarch64_trap_at(&vcpu.view, at, kind, &page, &trap))
		return '?';
	if (trap.size == 2)
		return memcmp(trap.bytes, "\x00\xbe", 2) ? '!' : 't';
	return !memcmp(trap.bytes, "\x00\x00\x20\xd4", 4) ? '6' : !memcmp(trap.bytes, "\x70\x00\x20\xe1", 4) ? '3' : '!';
}

static void traps(const char *want, uint64_t pstate, unsigned access, const char *name)
{
	static const uint64_t at[] = { A64_CODE, A32_CODE, T32_CODE, LITTLE_A32, EMPTY };
	char got[6] = "";

	for (unsigned i = 0; i < 5; i++)
		got[i] = trap(pstate, at[i], 4, access);
	is_str(got, want, name);
}

static void test_states(void)
{
	begin(2);
	traps("66666", A64_MODE_EL1H, 0, "what EL0 may not execute is A64");
	traps("66666", A32_STATE, 0, "... whatever runs");
	traps("66666", A64_MODE_EL0, ARCH_PAGE_USER, "an application in AArch64 state has A64");
	traps("?3???", A32_STATE, ARCH_PAGE_USER, "one in A32 has A32, where it looks like that");
	traps("t?tt?", T32_STATE, ARCH_PAGE_USER, "one in T32 has T32, where it does not");
	traps("63???", A64_MODE_EL1H, ARCH_PAGE_USER, "the kernel sees what A64 and A32 look like, and takes nothing for T32");
	fake_set(&vcpu.view, A64_SPSR_EL1, A32_STATE);
	traps("?3???", A64_MODE_EL1H, ARCH_PAGE_USER, "... and that the application is AArch32's");
	traps("63???", A64_MODE_EL1H, ARCH_PAGE_BARE, "without address spaces there may be both");
	traps("63???", A64_MODE_EL0, ARCH_PAGE_BARE, "... also at EL0");
	traps("63???", A32_STATE, ARCH_PAGE_BARE, "... and in AArch32 state");
}

static void test_halfwords(void)
{
	begin(2);
	ok(trap(A64_MODE_EL1H, T32_CODE + 2, 4, ARCH_PAGE_USER) == 't', "what is not on a word's boundary is T32");
	ok(trap(A64_MODE_EL1H, T32_CODE, 2, ARCH_PAGE_USER) == 't' && trap(A64_MODE_EL1H, T32_CODE, 3, ARCH_PAGE_USER) == 't',
		"... and what the debugger says is");
	ok(aarch64_insn_at(&vcpu.view, T32_CODE + 1, 4) == 0, "nothing is on an odd address");
	ok(aarch64_insn_at(&vcpu.view, T32_CODE + 2, 4) == 2 && aarch64_insn_at(&vcpu.view, T32_CODE, 2) == 2, "a halfword");
	is_int(aarch64_insn_at(&vcpu.view, T32_CODE, 4), 4, "a word");
	fake_set(&vcpu.view, A64_PSTATE, T32_STATE);
	is_int(aarch64_insn_at(&vcpu.view, T32_CODE, 4), 2, "a halfword, where T32 runs");
}

static void test_without(void)
{
	begin(1);
	traps("66666", A64_MODE_EL1H, ARCH_PAGE_BARE, "a processor without AArch32 has A64 alone");
	ok(trap(A64_MODE_EL1H, T32_CODE, 2, ARCH_PAGE_USER) == '6', "... whatever the debugger says");
	is_int(aarch64_insn_at(&vcpu.view, A64_CODE + 2, 2), 0, "... on a word's boundary");
	is_int(aarch64_insn_at(&vcpu.view, A64_CODE, 2), 4, "... by words");
}

int main(void)
{
	test_states();
	test_halfwords();
	test_without();
	return done();
}
