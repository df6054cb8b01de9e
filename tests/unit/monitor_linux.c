/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `monitor linux` on memory that is made by hand: a kernel's banner is found wherever it is around the code, and only where it is
 * mapped as the code is; what looks like one and is none is passed over; and the search ends, whatever there is.
 */
#include <errno.h>
#include <stdlib.h>

#include "arch/aarch64.h"
#include "arch/riscv64.h"
#include "arch/x86_64.h"
#include "monitor/commands.h"
#include "machine/open.h"
#include "sim_host.h"
#include "tap.h"

#define BASE 0x80000000ull
#define MIB (1ull << 20)
#define RAM (144 * MIB)
#define REACH (64 * MIB)
#define CHUNK 0x10000
#define SV39 (8ull << 60)
#define LEAF 0xcf /* V R W X A D */
#define BRANCH 1  /* V */

#define BANNER "Linux version 6.1.0-50-arm64 (me@here) (gcc 12) #1 SMP Debian 6.1.176-1"

static struct sim_host *sim;
static struct machine m;
static char printed[2048];

static void print(void *arg, const char *text)
{
	(void)arg;
	strncat(printed, text, sizeof(printed) - strlen(printed) - 1);
}

static int ask(void)
{
	printed[0] = '\0';
	regfile_drop(&m.guest.vcpus[0]->regs);
	m.guest.memory.age++;
	return commands_run(&m, "linux", print, NULL);
}

static void put(uint64_t pa, const char *text, size_t size)
{
	memcpy(sim->ram + (pa - BASE), text, size);
}

static void wipe(void)
{
	memset(sim->ram, 0, RAM);
}

/* What is told when the banner at pa is at va. */
static bool tells(uint64_t va, uint64_t pa, const char *name)
{
	char wanted[1024];
	int err = ask();
	bool good;

	snprintf(wanted, sizeof(wanted),
		BANNER
		"\nis linux_banner, at 0x%llx (guest-physical 0x%llx). To give gdb its vmlinux; x/s then shows the same:\n"
		"symbol-file vmlinux\nsymbol-file -o 0x%llx-(long)&linux_banner vmlinux\nx/s &linux_banner\n"
		"VMCOREINFO: none (the kernel makes it late while it starts, or was built without)\n",
		(unsigned long long)va, (unsigned long long)pa, (unsigned long long)va);
	good = ok(!err && !strcmp(printed, wanted), "%s", name);
	if (!good)
		printf("# got %d (%s): %s\n", err, m.guest.why, printed);
	return good;
}

static void finds_at(uint64_t pa, const char *name)
{
	put(pa, BANNER "\n", sizeof(BANNER "\n"));
	tells(pa, pa, name);
}

static void finds_nothing(const char *name)
{
	int err = ask();

	if (!ok(err == -ENOENT && !printed[0], "%s", name))
		printf("# got %d: %s\n", err, printed);
}

static void open_machine(const char *arch)
{
	struct capabilities caps = { 0 };
	char error[256];

	sim = sim_open(arch_find(arch), 1, BASE, RAM);
	if (!sim || machine_open(&m, &sim->host, sim->arch, &caps, BATCH_AUTO, error, sizeof(error)))
		exit(1);
}

#define CODE (BASE + 70 * MIB)

/* The MMU is off, and stvec is not yet set. */
static void test_places(void)
{
	sim_set(sim, 0, RV_SATP, 0);
	sim_set(sim, 0, RV_MODE, 1);
	sim_set(sim, 0, RV_STVEC, 0);
	sim_set(sim, 0, RV_PC, CODE + 0x1234);
	finds_nothing("nothing there");
	ok(strstr(m.guest.why, "no Linux kernel was found within 64 MiB") != NULL, "... %s", m.guest.why);
	finds_at(CODE + 12 * MIB + 7, "above the code");
	wipe();
	finds_at(CODE + CHUNK - 20, "over the end of a chunk");
	wipe();
	finds_at(CODE + REACH - sizeof(BANNER), "as far up as is looked");
	wipe();
	finds_at(CODE, "below the pc, near");
	wipe();
	finds_at(CODE - 20 * MIB, "below it, far");
	wipe();
	finds_at(CODE - REACH, "as far down as is looked");
	wipe();
	put(CODE + REACH, BANNER "\n", sizeof(BANNER "\n"));
	put(CODE - REACH - CHUNK, BANNER "\n", sizeof(BANNER "\n"));
	finds_nothing("what is further away is not found");
	wipe();
	sim_set(sim, 0, RV_PC, BASE);
	finds_at(BASE, "at the beginning of RAM");
	wipe();
	sim_set(sim, 0, RV_PC, BASE + RAM - 4);
	finds_at(BASE + RAM - sizeof(BANNER "\n"), "at its end");
	put(BASE + RAM - sizeof(BANNER), BANNER "\n", sizeof(BANNER));
	finds_nothing("cut by its end");
	wipe();
	sim_set(sim, 0, RV_PC, 0x1000);
	finds_nothing("a pc that is not in RAM");
	sim_set(sim, 0, RV_STVEC, CODE);
	finds_at(CODE + 12 * MIB, "from where exceptions go");
	wipe();
}

static void test_others(void)
{
	static const char unnumbered[] = "Linux version 6.1.0 (me@here) (gcc 12) # SMP Debian 6.1.176-1\n";
	static const char logged[] = "Linux version 6.1.0 (me@here) (gcc 12) #1 SMP Debian 6.1.176-1";
	static const char format[] = "Linux version %s\n";
	static const char colours[] = "Linux version 6.1.0 \033[31m(me\n@here) (gcc 12) #1 SMP\n";

	sim_set(sim, 0, RV_PC, CODE);
	put(CODE + MIB, unnumbered, sizeof(unnumbered));
	finds_nothing("one without a number");
	put(CODE + 2 * MIB, logged, sizeof(logged));
	finds_nothing("one without a newline");
	put(CODE + 3 * MIB, format, sizeof(format));
	finds_nothing("one with neither");
	finds_at(CODE + 4 * MIB, "behind them is the real one");
	put(CODE + 4 * MIB - 14, "Linux version Linux version ", 28);
	tells(CODE + 4 * MIB, CODE + 4 * MIB, "... and right behind what it begins with");
	wipe();
	put(CODE, colours, sizeof(colours));
	is_int(ask(), 0, "one with an escape sequence");
	ok(!strncmp(printed, "Linux version 6.1.0 ?[31m(me\nis ", 32), "... which is not sent to a terminal");
	for (uint64_t at = CODE; at < BASE + RAM - 14; at += 14)
		put(at, "Linux version ", 14);
	finds_nothing("beginnings and no end");
	wipe();
}

#define KERNEL 0xffffffd240000000ull /* 1 GiB, of which PIECE is mapped */
#define TABLE(n) (BASE + 0x1000 * (n))

static void put_entry(uint64_t table, unsigned index, uint64_t pa, unsigned bits)
{
	uint64_t entry = pa >> 12 << 10 | bits;

	put(table + 8 * index, (const char *)&entry, sizeof(entry));
}

/* As KASLR puts it: 2 MiB pages, code and read-only data, a hole between them; another mapping of the data is elsewhere. */
static void test_tables(void)
{
	unsigned kernel = KERNEL >> 30 & 511;

	put_entry(TABLE(0), kernel, TABLE(1), BRANCH);
	put_entry(TABLE(0), 1, BASE, LEAF);
	put_entry(TABLE(1), 5, CODE, LEAF);
	sim_set(sim, 0, RV_SATP, SV39 | TABLE(0) >> 12);
	sim_set(sim, 0, RV_STVEC, KERNEL + 5 * 2 * MIB + 0x2345);
	sim_set(sim, 0, RV_PC, 0x40000000);
	put(CODE + 6 * MIB + 0x400, BANNER "\n", sizeof(BANNER "\n"));
	is_int(ask(), -EFAULT, "a kernel whose data are not mapped where they should be");
	ok(strstr(m.guest.why, "Linux version 6.1.0-50-arm64") == m.guest.why && strstr(m.guest.why, "not mapped now") &&
			!printed[0],
		"... %s", m.guest.why);
	put_entry(TABLE(1), 8, CODE + 2 * MIB, LEAF);
	is_int(ask(), -EFAULT, "... or something else is");
	put_entry(TABLE(1), 8, CODE + 6 * MIB, LEAF);
	tells(KERNEL + 16 * MIB + 0x400, CODE + 6 * MIB + 0x400, "by the page tables");
	sim_set(sim, 0, RV_STVEC, KERNEL + 1);
	sim_set(sim, 0, RV_PC, 0x40000000 + 60 * MIB);
	tells(0x40000000 + 76 * MIB + 0x400, CODE + 6 * MIB + 0x400, "from the pc, where exceptions go nowhere");
	wipe();
}

/* Each goes by a register of its own. */
static void test_handlers(void)
{
	open_machine("aarch64");
	sim_set(sim, 0, A64_PSTATE, 5);
	sim_set(sim, 0, A64_SCTLR_EL1, 0);
	sim_set(sim, 0, A64_PC, 0x1000);
	finds_nothing("arm64: nothing");
	sim_set(sim, 0, A64_VBAR_EL1, CODE);
	finds_at(CODE + MIB, "arm64: from VBAR_EL1");

	open_machine("x86_64");
	sim_set(sim, 0, X86_CR0, 0);
	sim_set(sim, 0, X86_CR4, 0);
	sim_set(sim, 0, X86_EFER, 0);
	sim_set(sim, 0, X86_RIP, 0x1000);
	finds_nothing("x86-64: nothing");
	sim_set(sim, 0, X86_LSTAR, CODE);
	finds_at(CODE + MIB, "x86-64: from LSTAR");
}

int main(void)
{
	open_machine("riscv64");
	test_places();
	test_others();
	test_tables();
	test_handlers();
	return done();
}
