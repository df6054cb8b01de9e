/* SPDX-License-Identifier: BSD-2-Clause */
/* Where pages are is remembered between two reads, and is not when a register, a table or the guest may have moved them. */
#include <errno.h>
#include <stdlib.h>

#include "arch/riscv64.h"
#include "run/machine.h"
#include "sim_host.h"
#include "tap.h"

#define BASE 0x80000000ull
#define TABLE(n) (BASE + 0x1000 * (n))
#define PAGE(n) (BASE + 0x10000 + 0x1000 * (n))
#define RAM 0x20000
#define SV39 (8ull << 60)
#define LEAF 0xcf  /* V R W X A D */
#define BRANCH 0x1 /* V */
#define VA 0x40201000ull

static struct sim_host *sim;
static struct machine m;

static void put(uint64_t pa, uint64_t value)
{
	memcpy(sim->ram + (pa - BASE), &value, sizeof(value));
}

/* VPN 1, 1, 1: through tables n, n + 1 and n + 2. */
static void map(unsigned n, unsigned page)
{
	put(TABLE(n) + 8, TABLE(n + 1) >> 12 << 10 | BRANCH);
	put(TABLE(n + 1) + 8, TABLE(n + 2) >> 12 << 10 | BRANCH);
	put(TABLE(n + 2) + 8, PAGE(page) >> 12 << 10 | LEAF);
}

static int read_byte(uint64_t addr)
{
	uint8_t byte;
	ssize_t n = memory_read(&m.vcpus[0], addr, &byte, 1);

	return n == 1 ? byte : (int)n;
}

static void open_machine(void)
{
	struct capabilities caps = { 0 };
	char error[256];

	sim = sim_open(arch_find("riscv64"), 1, BASE, RAM);
	if (!sim)
		exit(1);
	sim_set(sim, 0, RV_SATP, SV39 | TABLE(0) >> 12);
	sim_set(sim, 0, RV_MODE, 1);
	for (unsigned i = 0; i < 4; i++)
		memset(sim->ram + (PAGE(i) - BASE), 0xa0 + (int)i, 0x1000);
	map(0, 0);
	map(4, 1);
	put(TABLE(2) + 16, TABLE(2) >> 12 << 10 | LEAF);
	if (machine_open(&m, &sim->host, sim->arch, &caps, BATCH_AUTO, error, sizeof(error)))
		exit(1);
}

int main(void)
{
	uint64_t entry = PAGE(2) >> 12 << 10 | LEAF, satp = SV39 | TABLE(4) >> 12;
	struct target target;
	unsigned reads;

	open_machine();
	target = machine_target(&m);
	is_int(read_byte(VA + 0x800), 0xa0, "a page");
	reads = sim->reads;
	is_int(read_byte(VA + 0x10), 0xa0, "and what is in front of it");
	is_int(sim->reads - reads, 1, "without another walk");
	is_int(read_byte(VA + 0x2000), -EFAULT, "the next but one is not mapped");

	target.ops->write_reg(target.t, 1, (unsigned)tdesc_by_name(&m.tdesc, "satp"), &(uint64_t){ 0 }, 8);
	is_int(read_byte(VA), -EFAULT, "with translation off nothing is there");
	is_int(read_byte(PAGE(3)), 0xa3, "but at physical addresses");
	target.ops->write_reg(target.t, 1, (unsigned)tdesc_by_name(&m.tdesc, "satp"), &(uint64_t){ SV39 | TABLE(0) >> 12 }, 8);
	is_int(read_byte(VA), 0xa0, "on again");
	is_int(memory_write(&m.vcpus[0], VA + 0x1000 + 8, &entry, 8), 0, "a table that maps itself is changed");
	is_int(read_byte(VA), 0xa2, "the new one counts");
	target.ops->write_reg(target.t, 1, (unsigned)tdesc_by_name(&m.tdesc, "satp"), &satp, 8);
	is_int(read_byte(VA), 0xa1, "and so does another root");

	put(TABLE(6) + 8, PAGE(3) >> 12 << 10 | LEAF);
	is_int(read_byte(VA), 0xa1, "while nothing runs nothing changes");
	regfile_drop(&m.vcpus[0].regs);
	is_int(read_byte(VA), 0xa3, "what the guest has changed is seen when it has run");
	return done();
}
