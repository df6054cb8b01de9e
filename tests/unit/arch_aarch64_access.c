/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores of arm64 that KVM leaves to us: what each is, and what becomes of its registers. Encodings are the GNU assembler's. */
#include "arch/aarch64_access.h"
#include "arch/exit_common.h"
#include "fake_vcpu.h"
#include "arch/view_all.h"
#include "tap.h"

#define UART 0x09000100ull
#define BASE 0xffff000009000100ull /* where x1 points, as the guest sees it */
#define PC 0xffff000040200000ull

static const struct {
	uint32_t insn;
	const char *name;
	bool write;
	unsigned n, size;
	int offset, writeback; /* of the address, from the base; of the base afterwards */
	uint64_t loaded;       /* into the first register, from bytes 0x80, 0x81, ... */
} accesses[] = {
	{ 0xb8008422, "str w2, [x1], #8", true, 1, 4, 0, 8, 0 },
	{ 0xf81f0c22, "str x2, [x1, #-16]!", true, 1, 8, -16, -16, 0 },
	{ 0x380017e2, "strb w2, [sp], #1", true, 1, 1, 0, 1, 0 },
	{ 0x78002c3f, "strh wzr, [x1, #2]!", true, 1, 2, 2, 2, 0 },
	{ 0xb81fd022, "stur w2, [x1, #-3]", true, 1, 4, -3, 0, 0 },
	{ 0xb93ffc22, "str w2, [x1, #16380]", true, 1, 4, 16380, 0, 0 },
	{ 0xb85fc422, "ldr w2, [x1], #-4", false, 1, 4, 0, -4, 0x83828180 },
	{ 0xf8408c22, "ldr x2, [x1, #8]!", false, 1, 8, 8, 8, 0x8786858483828180 },
	{ 0xf8408822, "ldtr x2, [x1, #8]", false, 1, 8, 8, 0, 0x8786858483828180 },
	{ 0x384ffc22, "ldrb w2, [x1, #255]!", false, 1, 1, 255, 255, 0x80 },
	{ 0x38801422, "ldrsb x2, [x1], #1", false, 1, 1, 0, 1, 0xffffffffffffff80 },
	{ 0x38c01422, "ldrsb w2, [x1], #1", false, 1, 1, 0, 1, 0xffffff80 },
	{ 0x78802422, "ldrsh x2, [x1], #2", false, 1, 2, 0, 2, 0xffffffffffff8180 },
	{ 0x78c02422, "ldrsh w2, [x1], #2", false, 1, 2, 0, 2, 0xffff8180 },
	{ 0xb8804422, "ldrsw x2, [x1], #4", false, 1, 4, 0, 4, 0xffffffff83828180 },
	{ 0xb9800422, "ldrsw x2, [x1, #4]", false, 1, 4, 4, 0, 0xffffffff83828180 },
	{ 0x29000c22, "stp w2, w3, [x1]", true, 2, 4, 0, 0, 0 },
	{ 0xa8810c22, "stp x2, x3, [x1], #16", true, 2, 8, 0, 16, 0 },
	{ 0xa9bf7fe2, "stp x2, xzr, [sp, #-16]!", true, 2, 8, -16, -16, 0 },
	{ 0x283f0c22, "stnp w2, w3, [x1, #-8]", true, 2, 4, -8, 0, 0 },
	{ 0x29410c22, "ldp w2, w3, [x1, #8]", false, 2, 4, 8, 0, 0x83828180 },
	{ 0xa9ff8c22, "ldp x2, x3, [x1, #-8]!", false, 2, 8, -8, -8, 0x8786858483828180 },
	{ 0x68c10c22, "ldpsw x2, x3, [x1], #8", false, 2, 4, 0, 8, 0xffffffff83828180 },
	{ 0xa8400c22, "ldnp x2, x3, [x1]", false, 2, 8, 0, 0, 0x8786858483828180 },
};

static const struct {
	uint32_t insn;
	const char *name, *why;
} refused[] = {
	{ 0x3c810422, "str q2, [x1], #16", "vector" },
	{ 0x6d400c22, "ldp d2, d3, [x1]", "vector" },
	{ 0x4c007822, "st1 {v2.4s}, [x1]", "vector" },
	{ 0xb8636822, "ldr w2, [x1, x3]", "offset is in a register" },
	{ 0x885f7c22, "ldxr w2, [x1]", "no plain" },
	{ 0x889ffc22, "stlr w2, [x1]", "no plain" },
	{ 0xb8220023, "ldadd w2, w3, [x1]", "atomic" },
	{ 0xb8228023, "swp w2, w3, [x1]", "atomic" },
	{ 0x88a27c23, "cas w2, w3, [x1]", "no plain" },
	{ 0xf8200422, "ldraa x2, [x1]", "pointer authentication" },
	{ 0xb8bfc022, "ldapr w2, [x1]", "atomic" },
	{ 0x99404022, "ldapur w2, [x1, #4]", "no plain" },
	{ 0x18000002, "ldr w2, .", "no plain" },
	{ 0xf9800020, "prfm pldl1keep, [x1]", "no load or store" },
	{ 0xf8801020, "prfum pldl1keep, [x1, #1]", "no load or store" },
	{ 0xb8c00441, "an encoding that is not taken", "no load or store" },
	{ 0x69000c22, "stgp x2, x3, [x1]", "plain pair" },
	{ 0xe9000c22, "a pair that is not taken", "plain pair" },
	{ 0xd9201422, "stg x2, [x1], #16", "no plain" },
	{ 0x91000421, "add x1, x1, #1", "no plain" },
	{ 0xd50b7421, "dc zva, x1", "no plain" },
	{ 0xf8008421, "str x1, [x1], #8", "address is from" },
	{ 0xf8408421, "ldr x1, [x1], #8", "address is from" },
	{ 0xa8c10c21, "ldp x1, x3, [x1], #16", "address is from" },
	{ 0xa8c10423, "ldp x3, x1, [x1], #16", "address is from" },
	{ 0xa9400822, "ldp x2, x2, [x1]", "twice" },
};

static struct fake_vcpu vcpu;

static uint64_t ipa_of(int offset)
{
	return UART + (uint64_t)(int64_t)offset;
}

static void reset(uint64_t pstate, uint64_t sctlr)
{
	fake_init(&vcpu, 0, 0x100000);
	fake_set(&vcpu.view, A64_PSTATE, pstate);
	fake_set(&vcpu.view, A64_SCTLR_EL1, sctlr);
	fake_set(&vcpu.view, A64_PC, PC);
	fake_set(&vcpu.view, A64_X(1), BASE);
	fake_set(&vcpu.view, A64_SP_EL1, BASE);
	fake_set(&vcpu.view, A64_SP_EL0, 0x1000);
	fake_set(&vcpu.view, A64_X(2), 0x1122334455667788);
	fake_set(&vcpu.view, A64_X(3), 0x99aabbccddeeff00);
}

static uint64_t get(uint64_t key)
{
	uint64_t value = 0;

	fake_get(&vcpu.view, key, &value);
	return value;
}

static struct vcpu_exit nisv(uint64_t ipa)
{
	struct vcpu_exit exit = { .kind = EXIT_KVM, .reason = REASON_ARM_NISV };
	struct exit_nisv data = { 0, ipa };

	memcpy(exit.data, &data, sizeof(data));
	return exit;
}

static int begin(uint32_t insn, uint64_t ipa, struct arch_access *a, char *why, size_t size)
{
	struct vcpu_exit exit = nisv(ipa);

	return arch_aarch64.exit.access(&vcpu.view, &exit, (const uint8_t *)&insn, 4, a, why, size);
}

static void end(uint32_t insn, struct arch_access *a)
{
	for (unsigned i = 0; i < a->n && !a->write; i++)
		for (unsigned n = 0; n < a->size; n++)
			a->data[i][n] = 0x80 + n;
	is_int(arch_aarch64.exit.accessed(&vcpu.view, (const uint8_t *)&insn, a), 0, "... is done");
}

static bool is_bytes(const uint8_t *bytes, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		if (bytes[i] != (uint8_t)(value >> 8 * i))
			return false;
	return true;
}

static void test_accesses(void)
{
	for (unsigned i = 0; i < COUNT_OF(accesses); i++) {
		uint32_t insn = accesses[i].insn;
		bool by_sp = (insn >> 5 & 31) == 31, zero = (insn & 31) == 31;
		struct arch_access a;
		char why[200] = "";

		reset(A64_MODE_EL1H, 0);
		is_int(begin(insn, ipa_of(accesses[i].offset), &a, why, sizeof(why)), 0, accesses[i].name);
		ok(a.write == accesses[i].write && a.n == accesses[i].n && a.size == accesses[i].size, "... so many, so large");
		is_int((int64_t)a.pa, (int64_t)ipa_of(accesses[i].offset), "... and there");
		if (a.write)
			ok(is_bytes(a.data[0], zero ? 0 : 0x1122334455667788, a.size), "... with its data");
		end(insn, &a);
		if (!a.write)
			is_int((int64_t)get(A64_X(2)), (int64_t)accesses[i].loaded, "... and with what it has read");
		ok(get(by_sp ? A64_SP_EL1 : A64_X(1)) == BASE + (uint64_t)(int64_t)accesses[i].writeback, "... the base moves");
		is_int((int64_t)get(A64_PC), (int64_t)PC + 4, "... and the pc");
	}
}

static void test_pairs(void)
{
	struct arch_access a;
	char why[200] = "";

	reset(A64_MODE_EL1H, 0);
	begin(0xa8810c22, UART, &a, why, sizeof(why));
	ok(is_bytes(a.data[1], 0x99aabbccddeeff00, 8), "a pair's second register");
	begin(0xa9bf7fe2, ipa_of(-16), &a, why, sizeof(why));
	ok(is_bytes(a.data[1], 0, 8), "or none");
	begin(0xa8400c22, UART, &a, why, sizeof(why));
	memset(a.data, 0x5a, sizeof(a.data));
	arch_aarch64.exit.accessed(&vcpu.view, (const uint8_t[]){ 0x22, 0x0c, 0x40, 0xa8 }, &a);
	is_int((int64_t)get(A64_X(3)), 0x5a5a5a5a5a5a5a5a, "a pair's second register is read");
}

/* EE is for EL1, E0E for EL0. */
static void test_big_endian(void)
{
	struct arch_access a;
	char why[200] = "";

	reset(A64_MODE_EL1H, 1 << 25);
	begin(0xb8008422, UART, &a, why, sizeof(why));
	ok(is_bytes(a.data[0], 0x88776655, 4), "big-endian: a store's bytes");
	begin(0x78c02422, UART, &a, why, sizeof(why));
	end(0x78c02422, &a);
	is_int((int64_t)get(A64_X(2)), (int64_t)0xffff8081, "big-endian: a load's value");
	reset(A64_MODE_EL0, 1 << 25);
	begin(0xb8008422, UART, &a, why, sizeof(why));
	ok(is_bytes(a.data[0], 0x55667788, 4), "big-endian: not at EL0");
	reset(A64_MODE_EL0, 1 << 24);
	begin(0xb8008422, UART, &a, why, sizeof(why));
	ok(is_bytes(a.data[0], 0x88776655, 4), "big-endian: at EL0");
}

static void is_refused(uint32_t insn, uint64_t ipa, const char *want, const char *name)
{
	char why[200] = "";
	struct arch_access a;

	is_int(begin(insn, ipa, &a, why, sizeof(why)), -EOPNOTSUPP, name);
	if (!ok(strstr(why, want), "... for it is %s", want))
		diag("got", why);
	ok(strstr(why, "0x9000"), "... and says where");
}

static void test_refused(void)
{
	struct vcpu_exit other = { .kind = EXIT_KVM, .reason = REASON_DEBUG }, exit = nisv(UART);
	struct arch_access a;
	char why[200] = "";

	for (unsigned i = 0; i < COUNT_OF(refused); i++) {
		reset(A64_MODE_EL1H, 0);
		is_refused(refused[i].insn, UART, refused[i].why, refused[i].name);
	}
	is_refused(0xb8008422, UART + 4, "what is no device", "another place than the instruction's");
	fake_set(&vcpu.view, A64_X(1), BASE + 0xefc);
	is_refused(0xa8810c22, UART + 0xefc, "another page", "a pair on the border of a page");
	reset(A64_MODE_32, 0);
	is_refused(0xb8008422, UART, "AArch32", "code of AArch32");
	is_int(arch_aarch64.exit.access(&vcpu.view, &exit, NULL, 0, &a, why, sizeof(why)), -EOPNOTSUPP,
		"code that cannot be read");
	ok(strstr(why, "cannot be read"), "... is told of");
	is_int(arch_aarch64.exit.access(&vcpu.view, &other, NULL, 0, &a, why, sizeof(why)), -ENOENT, "another exit");
}

/* No 32 bits are more than two accesses of at most eight bytes. */
static void test_any(void)
{
	uint32_t insn = 1;
	bool good = true;

	for (unsigned i = 0; i < 5000000; i++) {
		struct a64_access a;

		insn = insn * 1664525 + 1013904223;
		if (!aarch64_decode_access(i & 1 ? insn : (insn & ~0x3a000000u) | 0x38000000, &a))
			good &= a.n >= 1 && a.n <= 2 && a.size >= 1 && a.size <= 8 && (a.width == 4 || a.width == 8);
	}
	ok(good, "whatever it is, it is one or two of at most eight bytes");
}

int main(void)
{
	test_accesses();
	test_pairs();
	test_big_endian();
	test_refused();
	test_any();
	return done();
}
