/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where pages are is remembered between two reads, and is not when a register, a table or the guest may have moved them. Reads end
 * where there is nothing more, writes are done whole or not at all, and why something is refused is said.
 */
#include <errno.h>
#include <stdlib.h>

#include "arch/riscv64.h"
#include "machine/open.h"
#include "machine/ops.h"
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
	ssize_t n = memory_read(&m.guest.vcpus[0]->space, addr, &byte, 1);

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

/* ---- reads and writes of several pages: PAGE(0), PAGE(1), PAGE(3), nothing, and a device */

#define RUN_OF_PAGES 0x40202000ull
#define HOLE (RUN_OF_PAGES + 0x3000)
#define DEVICE (RUN_OF_PAGES + 0x4000)

static void map_pages(void)
{
	static const unsigned page[] = { 0, 1, 3 };

	for (unsigned i = 0; i < 3; i++)
		put(TABLE(2) + 8 * (2 + i), PAGE(page[i]) >> 12 << 10 | LEAF);
	put(TABLE(2) + 8 * 6, (BASE + RAM) >> 12 << 10 | LEAF);
	for (unsigned i = 0; i < 4; i++)
		memset(sim->ram + (PAGE(i) - BASE), 0xa0 + (int)i, 0x1000);
	sim_set(sim, 0, RV_SATP, SV39 | TABLE(0) >> 12);
	regfile_drop(&m.guest.vcpus[0]->regs);
}

static void test_long_reads(void)
{
	struct vcpu *v = m.guest.vcpus[0];
	uint8_t bytes[0x5000] = { 0 };
	unsigned reads;

	map_pages();
	is_int(memory_read(&v->space, RUN_OF_PAGES + 0xffe, bytes, 4), 4, "a read across pages");
	ok(bytes[0] == 0xa0 && bytes[1] == 0xa0 && bytes[2] == 0xa1 && bytes[3] == 0xa1, "... has the bytes of both");
	reads = sim->reads;
	is_int(memory_read(&v->space, RUN_OF_PAGES + 1, bytes, 0x1ffe), 0x1ffe, "pages that follow each other physically");
	is_int(sim->reads - reads, 1, "... are read in one piece");
	is_int(memory_read(&v->space, RUN_OF_PAGES + 0x801, bytes, sizeof(bytes)), 0x27ff,
		"a read ends at the first page that is not mapped");
	ok(bytes[0x7fe] == 0xa0 && bytes[0x7ff] == 0xa1 && bytes[0x17fe] == 0xa1 && bytes[0x17ff] == 0xa3,
		"... with all before it");
	is_int(memory_read(&v->space, HOLE - 1, bytes, 2), 1, "one byte in front of it");
	is_int(memory_read(&v->space, HOLE, bytes, 2), -EFAULT, "none in it");
	ok(!strcmp(m.guest.why, "0x40205000: not mapped"), "... and that is said: %s", m.guest.why);
	is_int(memory_read(&v->space, DEVICE + 8, bytes, 1), -EFAULT, "a device is not read");
	ok(!strcmp(m.guest.why, "0x40206008 is at guest-physical 0x80020008, which is not RAM but a device: a lamp"), "... %s",
		m.guest.why);
	is_int(memory_read(&v->space, RUN_OF_PAGES, bytes, 0), 0, "nothing is read of nothing");
}

static void test_long_writes(void)
{
	struct vcpu *v = m.guest.vcpus[0];
	static uint8_t bytes[0x3001];

	memset(bytes, 0x55, sizeof(bytes));
	is_int(memory_write(&v->space, RUN_OF_PAGES + 0x1fff, bytes, 2), 0, "a write across pages");
	is_int(read_byte(RUN_OF_PAGES + 0x1ffe), 0xa1, "... leaves the byte in front");
	ok(read_byte(RUN_OF_PAGES + 0x1fff) == 0x55 && read_byte(RUN_OF_PAGES + 0x2000) == 0x55, "... writes into both");
	is_int(read_byte(RUN_OF_PAGES + 0x2001), 0xa3, "... and leaves the byte behind");
	is_int(memory_write(&v->space, RUN_OF_PAGES, bytes, sizeof(bytes)), -EFAULT,
		"a write that reaches where nothing is mapped");
	is_int(read_byte(RUN_OF_PAGES), 0xa0, "... writes nothing");
	is_int(memory_write(&v->space, DEVICE, bytes, 4), -EFAULT, "a device is not written");
	is_int(memory_write(&v->space, RUN_OF_PAGES, bytes, 0x3000), 0, "up to it all is");
	ok(read_byte(RUN_OF_PAGES) == 0x55 && read_byte(HOLE - 1) == 0x55, "... written");
}

static void test_physical(void)
{
	uint8_t bytes[16] = { 0 };

	map_pages();
	is_int(memory_read_phys(&m.guest.memory, PAGE(1) - 1, bytes, 2), 2, "physical memory has no pages");
	ok(bytes[0] == 0xa0 && bytes[1] == 0xa1, "... it is where it is");
	is_int(memory_read_phys(&m.guest.memory, BASE + RAM - 3, bytes, sizeof(bytes)), 3, "a read ends with RAM");
	is_int(memory_read_phys(&m.guest.memory, BASE + RAM, bytes, 1), -EFAULT, "behind it is a device");
	ok(!strcmp(m.guest.why, "guest-physical 0x80020000 is not RAM but a device: a lamp"), "... %s", m.guest.why);
	is_int(memory_read_phys(&m.guest.memory, 0x1000, bytes, 1), -EFAULT, "before it nothing");
	ok(!strcmp(m.guest.why, "guest-physical 0x1000 is not RAM"), "... %s", m.guest.why);
	is_int(memory_read_phys(&m.guest.memory, UINT64_MAX, bytes, 1), -EFAULT, "nor at the last address");
	is_int(memory_write_phys(&m.guest.memory, BASE + RAM - 2, bytes, 3), -EFAULT, "a write that does not fit is refused");
	is_int(memory_write_phys(&m.guest.memory, PAGE(0), "\x11\x22", 2), 0, "one that does is done");
	ok(read_byte(RUN_OF_PAGES) == 0x11 && read_byte(RUN_OF_PAGES + 1) == 0x22, "... and seen through the tables");
}

/* ---- a host that has lost a page of RAM since */

static uint64_t lost; /* a page */
static ssize_t (*sim_read)(struct host *h, uint64_t gpa, void *buf, size_t len);

static ssize_t read_up_to_lost(struct host *h, uint64_t gpa, void *buf, size_t len)
{
	if (gpa - lost < 0x1000)
		return -EIO;
	if (gpa < lost && lost - gpa < len)
		len = lost - gpa;
	return sim_read(h, gpa, buf, len);
}

/* The page goes between a look at it and the write. */
static ssize_t write_up_to_lost(struct host *h, uint64_t gpa, const void *buf, size_t len)
{
	return gpa - lost < 0x1000 ? -EIO : sim_write_mem(h, gpa, buf, len);
}

static void test_lost_since(void)
{
	struct host_ops with_loss = *sim->host.ops;
	const struct host_ops *before = sim->host.ops;
	uint8_t bytes[0x1000];

	map_pages();
	memset(bytes, 0x99, sizeof(bytes));
	lost = PAGE(1);
	with_loss.write_mem = write_up_to_lost;
	sim->host.ops = &with_loss;
	is_int(memory_write(&m.guest.vcpus[0]->space, RUN_OF_PAGES + 0x800, bytes, sizeof(bytes)), -EIO,
		"a page that goes during a write");
	ok(strstr(m.guest.why, "0x40203000 is at guest-physical 0x80011000, which is RAM that cannot be had"), "... %s",
		m.guest.why);
	sim->host.ops = before;
	is_int(read_byte(RUN_OF_PAGES + 0x800), 0x99, "what is in front of it is written");
}

static void test_lost(void)
{
	struct vcpu *v = m.guest.vcpus[0];
	struct host_ops with_loss = *sim->host.ops;
	const struct host_ops *before = sim->host.ops;
	uint8_t bytes[0x3000] = { 0 };

	map_pages();
	lost = PAGE(1);
	sim_read = with_loss.read_mem;
	with_loss.read_mem = read_up_to_lost;
	sim->host.ops = &with_loss;
	is_int(memory_read(&v->space, RUN_OF_PAGES, bytes, sizeof(bytes)), 0x1000, "a read ends at a page that is gone");
	is_int(memory_read(&v->space, RUN_OF_PAGES + 0x1800, bytes, 1), -EIO, "and cannot begin there");
	ok(strstr(m.guest.why, "0x40203800 is at guest-physical 0x80011800, which is RAM that cannot be had"), "... %s",
		m.guest.why);
	is_int(memory_write(&v->space, RUN_OF_PAGES + 0x800, bytes, 0x2000), -EIO, "a write over it is refused");
	is_int(read_byte(RUN_OF_PAGES + 0x800), 0xa0, "... before the first byte");
	is_int(memory_write_phys(&m.guest.memory, PAGE(0) + 0xfff, bytes, 0x2000), -EIO, "physically, too");
	is_int(read_byte(RUN_OF_PAGES + 0xfff), 0xa0, "... before the first byte");
	lost = TABLE(1);
	regfile_drop(&v->regs);
	is_int(memory_read(&v->space, RUN_OF_PAGES, bytes, 1), -EIO, "a table that is gone");
	ok(strstr(m.guest.why, "a page table on the way is not in RAM"), "... %s", m.guest.why);
	sim->host.ops = before;
	regfile_drop(&v->regs);
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

	target.ops->write_reg(target.t, 1, (unsigned)tdesc_by_name(&m.guest.tdesc, "satp"), &(uint64_t){ 0 }, 8);
	is_int(read_byte(VA), -EFAULT, "with translation off nothing is there");
	is_int(read_byte(PAGE(3)), 0xa3, "but at physical addresses");
	target.ops->write_reg(
		target.t, 1, (unsigned)tdesc_by_name(&m.guest.tdesc, "satp"), &(uint64_t){ SV39 | TABLE(0) >> 12 }, 8);
	is_int(read_byte(VA), 0xa0, "on again");
	is_int(memory_write(&m.guest.vcpus[0]->space, VA + 0x1000 + 8, &entry, 8), 0, "a table that maps itself is changed");
	is_int(read_byte(VA), 0xa2, "the new one counts");
	target.ops->write_reg(target.t, 1, (unsigned)tdesc_by_name(&m.guest.tdesc, "satp"), &satp, 8);
	is_int(read_byte(VA), 0xa1, "and so does another root");

	put(TABLE(6) + 8, PAGE(3) >> 12 << 10 | LEAF);
	is_int(read_byte(VA), 0xa1, "while nothing runs nothing changes");
	regfile_drop(&m.guest.vcpus[0]->regs);
	is_int(read_byte(VA), 0xa3, "what the guest has changed is seen when it has run");
	test_long_reads();
	test_long_writes();
	test_physical();
	test_lost();
	test_lost_since();
	return done();
}
