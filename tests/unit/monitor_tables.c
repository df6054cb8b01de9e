/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor translate` and `monitor page-tables`, on a simulated machine: what they print, and what becomes of addresses that are none. */
#include <errno.h>
#include <stdlib.h>

#include "arch/aarch64.h"
#include "arch/ppc64.h"
#include "arch/riscv64.h"
#include "arch/x86_64.h"
#include "machine/open.h"
#include "monitor/commands.h"
#include "sim_host.h"
#include "tap.h"

#define BASE 0x80000000ull
#define RAM 0x20000
#define TABLE(n) (BASE + 0x1000 * (n))

static struct sim_host *sim;
static struct machine *m;
static char printed[4096];

static void put(uint64_t at, uint64_t entry)
{
	memcpy(sim->ram + (at - BASE), &entry, sizeof(entry));
}

static void open_machine(const char *arch)
{
	struct capabilities caps = { 0 };
	char error[256];

	m = calloc(1, sizeof(*m)); /* for good: its threads stay */
	sim = sim_open(arch_find(arch), 1, BASE, RAM);
	if (!sim || !m || machine_open(m, &sim->host, sim->arch, &caps, BATCH_AUTO, error, sizeof(error)))
		exit(1);
}

static void set(uint64_t key, uint64_t value)
{
	sim_set(sim, 0, key, value);
	regfile_drop(&m->guest.vcpus[0]->regs);
}

static void print(void *arg, const char *text)
{
	(void)arg;
	strncat(printed, text, sizeof(printed) - strlen(printed) - 1);
}

static void prints(const char *line, const char *want, const char *name)
{
	int err;

	printed[0] = '\0';
	err = commands_run(m, line, print, NULL);
	if (err)
		printf("# %s: %d, %s\n", line, err, m->guest.why);
	is_str(printed, want, name);
}

static void refuses(const char *line, int want, const char *why)
{
	printed[0] = '\0';
	is_int(commands_run(m, line, print, NULL), want, line);
	is_str(m->guest.why, why, "... with a sentence");
}

static void test_riscv64(void)
{
	open_machine("riscv64");
	set(RV_MODE, 1);
	set(RV_SATP, 8ull << 60 | TABLE(0) >> 12);
	set(RV_PC, 0x40201008);
	put(TABLE(0) + 8, TABLE(1) >> 12 << 10 | 0x21);
	put(TABLE(1) + 8, TABLE(2) >> 12 << 10 | 1);
	put(TABLE(1) + 16, 0x80000000 >> 12 << 10 | 0xd7);
	put(TABLE(1) + 24, 0x70000000 >> 12 << 10 | 1);
	put(TABLE(2) + 8, 2ull << 61 | (TABLE(8) >> 12 << 10) | 0x4b);
	prints("page-tables 1075843080",
		"level  2, 0x80000008: 0x0000000020000421 table: V G\n"
		"level  1, 0x80001008: 0x0000000020000801 table: V\n"
		"level  0, 0x80002008: 0x400000002000204b page:  V R X A PBMT=2\n"
		"0x40201008: guest-physical 0x80008008, kernel r-x, up to 0x40201fff\n",
		"page-tables, to a page");
	prints("page-tables",
		"level  2, 0x80000008: 0x0000000020000421 table: V G\n"
		"level  1, 0x80001008: 0x0000000020000801 table: V\n"
		"level  0, 0x80002008: 0x400000002000204b page:  V R X A PBMT=2\n"
		"0x40201008: guest-physical 0x80008008, kernel r-x, up to 0x40201fff\n",
		"... the instruction's, without an address");
	prints("page-tables 0x40401000",
		"level  2, 0x80000008: 0x0000000020000421 table: V G\n"
		"level  1, 0x80001010: 0x00000000200000d7 page:  V R W U A D\n"
		"0x40401000: guest-physical 0x80001000, user rw-, up to 0x405fffff\n",
		"... to a large page");
	prints("page-tables 0x1000", "level  2, 0x80000000: 0x0000000000000000 table: -\n0x1000: not mapped\n",
		"... to nothing");
	prints("page-tables 0x40600000",
		"level  2, 0x80000008: 0x0000000020000421 table: V G\n"
		"level  1, 0x80001018: 0x000000001c000001 table: V\n"
		"0x40600000: a page table on the way is not in RAM\n",
		"... to a table that is not in RAM");
	prints("page-tables 0x8000000000000000", "0x8000000000000000: not mapped\n", "... to what no table is for");
	prints("translate 0x40401ffe", "0x40401ffe: guest-physical 0x80001ffe, user rw-, up to 0x405fffff\n", "translate");
	prints("translate 0x1000", "0x1000: not mapped\n", "translate, to nothing");
	refuses("translate", -EINVAL, "an address is a number as C has it, not nothing");
	refuses("translate main", -EINVAL, "an address is a number as C has it, not main");
	refuses("page-tables $pc", -EINVAL, "an address is a number as C has it, not $pc");
	set(RV_SATP, 7ull << 60);
	refuses("page-tables 0x1000", -EOPNOTSUPP, "0x1000: a kind of address translation that is not known here");
	is_str(printed, "", "... and nothing is printed");
	set(RV_SATP, 0);
	prints("page-tables 0x1000", "0x1000: guest-physical 0x1000, for nothing is translated\n", "... without translation");
	set(RV_SATP, 8ull << 60 | TABLE(0) >> 12);
	m->guest.ended = true;
	refuses("translate 0x1000", -ESRCH, "the guest has ended");
	refuses("page-tables", -ESRCH, "the guest has ended");
	m->guest.ended = false;
}

static void test_aarch64(void)
{
	open_machine("aarch64");
	set(A64_PSTATE, 0x3c5);
	set(A64_SCTLR_EL1, 1);
	set(A64_TCR_EL1, 25 | 2ull << 32);
	set(A64_TTBR0_EL1, TABLE(0));
	put(TABLE(0), TABLE(1) | 3ull << 61 | 3);
	put(TABLE(1), 0x0060000080000711);
	prints("page-tables 0x1234",
		"level  1, 0x80000000: 0x6000000080001003 table: valid APTable=3\n"
		"level  2, 0x80001000: 0x0060000080000711 page:  valid AttrIndx=4 AF PXN UXN\n"
		"0x1234: guest-physical 0x80001234, kernel r--, up to 0x1fffff\n",
		"arm64: tables and pages have flags of their own");
}

static void test_x86_64(void)
{
	open_machine("x86_64");
	set(X86_CR0, 0x80000001);
	set(X86_CR4, 0x20);
	set(X86_EFER, 0xd00);
	set(X86_CR3, TABLE(0));
	put(TABLE(0), TABLE(1) | 0x67);
	put(TABLE(1), TABLE(2) | 0x67);
	put(TABLE(2), 0x80001187 | 5ull << 59);
	put(TABLE(2) + 8, TABLE(3) | 0x67);
	put(TABLE(3), 0x8000000080010187);
	prints("page-tables 0x1234",
		"level  4, 0x80000000: 0x0000000080001067 table: P R/W U/S A\n"
		"level  3, 0x80001000: 0x0000000080002067 table: P R/W U/S A\n"
		"level  2, 0x80002000: 0x2800000080001187 page:  P R/W U/S PS G PAT key=5\n"
		"0x1234: guest-physical 0x80001234, user rwx, up to 0x1fffff\n",
		"x86-64: the bits of a large page");
	prints("page-tables 0x200234",
		"level  4, 0x80000000: 0x0000000080001067 table: P R/W U/S A\n"
		"level  3, 0x80001000: 0x0000000080002067 table: P R/W U/S A\n"
		"level  2, 0x80002008: 0x0000000080003067 table: P R/W U/S A\n"
		"level  1, 0x80003000: 0x8000000080010187 page:  P R/W U/S PAT G XD\n"
		"0x200234: guest-physical 0x80010234, user rw-, up to 0x200fff\n",
		"... are others in a small one");
}

static void test_ppc64(void)
{
	open_machine("ppc64le");
	set(PPC_MSR, PPC_MSR_SF | PPC_MSR_IR | PPC_MSR_DR);
	set(PPC_PROCESS_TABLE, 1ull << 63 | TABLE(1));
	put(TABLE(1), __builtin_bswap64(0x40000000800100ad));
	put(TABLE(16), __builtin_bswap64(1ull << 63 | TABLE(0) | 9));
	put(TABLE(0) + 8, __builtin_bswap64(0xc00000008000018f));
	prints("page-tables 0xc000000040001234",
		"level  0, 0x80001000: 0x40000000800100ad table: -\n"
		"level  1, 0x80010000: 0x8000000080000009 table: V NLS=9\n"
		"level  2, 0x80000008: 0xc00000008000018f page:  V L R C EAA=15\n"
		"0xc000000040001234: guest-physical 0x80001234, kernel rwx, up to 0xc00000007fffffff\n",
		"ppc64: from the process table on");
	set(PPC_PROCESS_TABLE, 0);
	refuses("page-tables 0x1234", -EOPNOTSUPP,
		"0x1234: address translation is on (MSR.IR, MSR.DR), and not by radix trees from a process table that the guest has "
		"registered (H_REGISTER_PROC_TBL): hash tables are not known here");
}

int main(void)
{
	test_riscv64();
	test_aarch64();
	test_x86_64();
	test_ppc64();
	return done();
}
