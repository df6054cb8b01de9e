/* SPDX-License-Identifier: BSD-2-Clause */
/* Which arm64 code has to run in one piece, and where it ends. The encodings are the GNU assembler's. */
#include "arch/aarch64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define PC 0xffff800080200000ull

#define LDXR 0xc85f7c20u
#define STXR 0xc8027c20u
#define ADD 0x91000400u

static uint64_t next[ARCH_SUCCESSORS];
static struct fake_vcpu vcpu;

static int successors(const uint32_t *code, size_t n)
{
	memset(next, 0xff, sizeof(next));
	return aarch64_successors(&vcpu.view, PC, (const uint8_t *)code, n * 4, next);
}

#define SUCCESSORS(...) successors((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)

static void test_kinds(void)
{
	static const struct {
		uint32_t insn;
		const char *name;
	} loads[] = { { LDXR, "ldxr" }, { 0x085ffc20, "ldaxrb" }, { 0x485f7c20, "ldxrh" }, { 0xc87f8c20, "ldaxp" },
		{ 0x887f8c20, "ldaxp of words" } },
	  stores[] = { { STXR, "stxr" }, { 0xc8228c20, "stlxp" }, { 0x88220c20, "stxp of words" } },
	  others[] = { { 0x48207c82, "casp" }, { 0x08207c82, "casp of words" }, { 0xc8a07c41, "cas" }, { 0xc8dffc20, "ldar" },
		  { 0xc89ffc20, "stlr" }, { 0xc8df7c20, "ldlar" }, { STXR, "stxr" }, { ADD, "add" } };

	for (unsigned i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		ok(SUCCESSORS(loads[i].insn, ADD, STXR) == 1 && next[0] == PC + 12, "%s begins a sequence", loads[i].name);
	for (unsigned i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		ok(SUCCESSORS(LDXR, stores[i].insn, STXR) == 1 && next[0] == PC + 8, "%s ends one", stores[i].name);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		is_int(SUCCESSORS(others[i].insn, ADD, STXR), 0, others[i].name);
}

static void test_branches(void)
{
	is_int(SUCCESSORS(LDXR, 0x54000101, ADD, STXR), 2, "b.ne leads out");
	ok(next[0] == PC + 16 && next[1] == PC + 4 + 0x20, "... forwards");
	is_int(SUCCESSORS(LDXR, ADD, 0x54fffe01, STXR), 2, "b.ne leads out");
	ok(next[0] == PC + 16 && next[1] == PC + 8 - 0x40, "... backwards");
	is_int(SUCCESSORS(LDXR, 0x54000041, ADD, STXR), 1, "b.ne leads from one place within to another");
	is_int(SUCCESSORS(LDXR, 0x54ffffc1, STXR), 2, "b.ne leads to in front of the load");
	ok(SUCCESSORS(LDXR, 0xb64000e0, STXR) == 2 && next[1] == PC + 4 + 0x1c, "tbz");
	ok(SUCCESSORS(LDXR, 0xb40000c0, STXR) == 2 && next[1] == PC + 4 + 0x18, "cbz");
	is_int(SUCCESSORS(LDXR, 0x54ffffa1, 0x54ffff81, 0x54ffff61, 0x54ffff41, 0x54ffff21, 0x54ffff01, 0x54fffee1, 0x54fffec1,
		       STXR),
		0, "more ways out than can be planted: no sequence");
}

static void test_none(void)
{
	is_int(SUCCESSORS(LDXR, ADD, ADD), 0, "no store");
	is_int(SUCCESSORS(LDXR, 0x14000005, STXR), 0, "b before it");
	is_int(SUCCESSORS(LDXR, 0x94000004, STXR), 0, "bl before it");
	is_int(SUCCESSORS(LDXR, 0xd65f03c0, STXR), 0, "ret before it");
	is_int(SUCCESSORS(LDXR, 0xd4000001, STXR), 0, "svc before it");
	is_int(SUCCESSORS(LDXR), 0, "memory ends behind the load");
	is_int(successors((const uint32_t[]){ LDXR }, 0), 0, "no memory");
	fake_set(&vcpu.view, A64_PSTATE, A64_MODE_USER_32);
	is_int(SUCCESSORS(LDXR, ADD, STXR), 0, "in AArch32 state these are other instructions");
}

int main(void)
{
	fake_init(&vcpu, 0, FAKE_RAM);
	fake_set(&vcpu.view, A64_PSTATE, A64_MODE_EL1H);
	test_kinds();
	test_branches();
	test_none();
	return done();
}
