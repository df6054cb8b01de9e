/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file over a simulated vCPU: what is fetched when, what is written, and what is said.
 */
#include <errno.h>
#include <stdlib.h>

#include "reg_fixture.h"
#include "tap.h"

#define SP_EL0 CORE(0x3e)
#define PC CORE(0x40)
#define SP_EL1 CORE(0x44)
#define SCTLR_EL1 0x603000000013c080
#define UNLISTED_ID 0x603000000013ffff
#define RIP KEY_BLOCK(0, 8, 0x80)
#define RFLAGS KEY_BLOCK(0, 8, 0x88)
#define CS KEY_BLOCK(1, 2, 0x0c)
#define EFER KEY_BLOCK(1, 8, 0x108)

/* ---- reading ---- */

static void lazy(void)
{
	struct fixture x;

	set_up(&x, "aarch64");
	is_int(x.sim->batches, 0, "nothing is read before it is asked for");
	ok(read_reg(&x, "x3") == sim_get(x.sim, 0, CORE(6)), "x3 is what the vCPU holds");
	is_int(x.sim->gets, 1, "one ioctl");
	read_reg(&x, "x3");
	is_int(x.sim->gets, 1, "and none the second time");
	sim_set(x.sim, 0, CORE(6), 77);
	regfile_drop(&x.file);
	is_int((int64_t)read_reg(&x, "x3"), 77, "after a run it is read again");
	is_int(x.transport.counters.gets, 2, "counted");
	is_int(x.transport.counters.values, 2, "with their values");
	tear_down(&x);
}

static void read_general_aarch64(void)
{
	uint8_t values[268], *cpsr = values + 264;
	uint64_t sp, pc;
	struct fixture x;

	set_up(&x, "aarch64");
	is_int(regfile_read_general(&x.file, values, sizeof(values)), 268, "aarch64 `g` has 268 bytes");
	is_int(x.sim->gets, 34, "for 34 ioctls");
	is_int(x.sim->batches, 2, "in two calls of the host");
	memcpy(&sp, values + 31 * 8, 8);
	memcpy(&pc, values + 32 * 8, 8);
	ok(sp == sim_get(x.sim, 0, SP_EL1), "sp is SP_EL1 at EL1h");
	ok(pc == sim_get(x.sim, 0, PC), "pc is at its place");
	ok(cpsr[0] == 0xc5 && cpsr[1] == 3 && !cpsr[2] && !cpsr[3], "cpsr is the low half of pstate");
	is_int(regfile_read_general(&x.file, values, 267), -ENOSPC, "too small a buffer");
	sim_set(x.sim, 0, PSTATE, 0x3c4);
	regfile_drop(&x.file);
	ok(read_reg(&x, "sp") == sim_get(x.sim, 0, SP_EL0), "sp is SP_EL0 at EL1t");
	tear_down(&x);
}

static void read_general_x86_64(void)
{
	uint8_t values[164];
	struct fixture x;

	set_up(&x, "x86_64");
	is_int(regfile_read_general(&x.file, values, sizeof(values)), 164, "x86_64 `g` has 164 bytes");
	is_int(x.sim->gets, 2, "for two struct ioctls");
	is_int(x.sim->batches, 1, "in one call of the host");
	ok(!memcmp(values + 16 * 8, sim_bytes(x.sim, 0, RIP), 8), "rip is at its place");
	ok(!memcmp(values + 17 * 8 + 4, sim_bytes(x.sim, 0, CS), 2) && !values[17 * 8 + 6],
		"cs is its selector, zero-extended");
	read_reg(&x, "cr3");
	is_int(x.sim->gets, 2, "cr3 came with the selectors");
	tear_down(&x);
}

static void prefetch(void)
{
	unsigned regs[] = { 0, 5, 5, 32, 40, 31, 9999 };
	struct fixture x;

	set_up(&x, "aarch64");
	regfile_prefetch(&x.file, regs, 7);
	is_int(x.sim->gets, 6, "four ids once each, and the two that sp is computed from");
	read_reg(&x, "x5");
	read_reg(&x, "v6");
	read_reg(&x, "sp");
	regfile_prefetch(&x.file, regs, 7);
	is_int(x.sim->gets, 6, "then they are there");
	regfile_drop(&x.file);
	x.sim->refuse_get = 2;
	regfile_prefetch(&x.file, regs, 2);
	ok(read_reg(&x, "x0") == sim_get(x.sim, 0, CORE(0)), "one refused leaves the others");
	is_int(x.sim->gets, 8, "that were fetched");
	ok(read_reg(&x, "x5") == sim_get(x.sim, 0, CORE(10)), "and is asked for again");
	tear_down(&x);
}

enum key_kind {
	IDS,
	ATTRIBUTES,
	BLOCKS,
	KEY_KINDS
};

static enum key_kind kind_of(uint64_t key)
{
	return KEY_IS_ID(key) ? IDS : KEY_IS_DEVICE(key) ? ATTRIBUTES : BLOCKS;
}

/* What is fetched for it: one block for all of its fields. */
static uint64_t fetched(const struct tdesc *d, unsigned reg)
{
	uint64_t key = d->regs[reg].key;

	return KEY_IS_BLOCK(key) && key ? KEY_BLOCK(KEY_BLOCK_NR(key), 1, 0) : key;
}

/* Of how many ids, attributes of a device, or blocks the registers are. */
static unsigned distinct_keys(const struct tdesc *d, enum key_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->nregs; i++) {
		unsigned j = 0;

		while (fetched(d, j) != fetched(d, i))
			j++;
		n += j == i && d->regs[i].key && kind_of(d->regs[i].key) == kind;
	}
	return n;
}

static void many_at_once(void)
{
	unsigned regs[1024], n, gets = 0, batches = 0;
	struct fixture x;

	set_up(&x, "aarch64");
	for (n = 0; n < x.tdesc.nregs && n < 1024; n++)
		regs[n] = n;
	regfile_prefetch(&x.file, regs, n);
	for (enum key_kind kind = 0; kind < KEY_KINDS; kind++) {
		gets += distinct_keys(&x.tdesc, kind);
		batches += (distinct_keys(&x.tdesc, kind) + 63) / 64;
	}
	is_int(x.sim->gets, gets, "all registers: an ioctl for each id, attribute of a device and block");
	is_int(x.sim->batches, batches, "in as few calls as their bound allows");
	tear_down(&x);
}

/* ---- what arch/ sees ---- */

static void view(void)
{
	struct fixture x;
	uint64_t value;
	struct view *v = &x.file.view;
	uint8_t bytes[16];

	set_up(&x, "aarch64");
	sim_add(x.sim, 0, UNLISTED_ID);
	is_int(v->get(v, UNLISTED_ID, &value), 0, "an id that no row has");
	ok(value == sim_get(x.sim, 0, UNLISTED_ID), "has its value");
	v->get(v, UNLISTED_ID, &value);
	is_int(x.sim->gets, 1, "is cached");
	is_int(v->set(v, UNLISTED_ID, 5), 0, "and can be set");
	is_int((int64_t)sim_get(x.sim, 0, UNLISTED_ID), 5, "at once");
	is_int(v->get(v, 0x6040000000100054, &value), 0, "of what has more than 8 bytes");
	is_int(memcmp(&value, sim_bytes(x.sim, 0, 0x6040000000100054), 8), 0, "the first ones");
	is_int(v->get(v, KEY_BLOCK(1, 8, 0), &value), -EINVAL, "nor a block that the architecture lacks");
	is_int(v->set(v, 0x60200000001000d4, 0x100000000), -EINVAL, "nor a value that does not fit");
	is_int(v->read_phys(v, 0x40000ff0, bytes, 16), 0, "the last bytes of RAM");
	is_int(v->read_phys(v, 0x40000ff1, bytes, 16), -EFAULT, "not one more");
	tear_down(&x);

	set_up(&x, "x86_64");
	is_int(v->get(v, EFER, &value), 0, "a field of a block");
	ok(value == sim_get(x.sim, 0, EFER), "has its value");
	is_int(v->get(v, KEY_BLOCK(1, 8, 312 - 7), &value), -EINVAL, "not over its end");
	is_int(v->set(v, CS, 0x12345), -EINVAL, "a selector has 16 bits");
	is_int(x.sim->sets, 0, "so nothing was written");
	tear_down(&x);
}

/* ---- writing ---- */

static void write_one(void)
{
	struct fixture x;
	uint64_t x1;

	set_up(&x, "aarch64");
	x1 = read_reg(&x, "x1");
	is_int(write_reg(&x, "x0", 1234, 8), 0, "x0 is written");
	is_int((int64_t)sim_get(x.sim, 0, CORE(0)), 1234, "at once");
	is_int(x.sim->gets, 1, "without being read first");
	sim_set(x.sim, 0, CORE(2), x1 + 1);
	ok(read_reg(&x, "x1") == x1 + 1, "a write drops what was cached of all registers");
	is_int(write_reg(&x, "cpsr", 0x800003c5, 4), 0, "cpsr is written");
	ok(sim_get(x.sim, 0, PSTATE) == 0xabcd0000800003c5, "and pstate's upper half kept");
	is_int(write_reg(&x, "sp", 0x1000, 8), 0, "sp is written");
	is_int((int64_t)sim_get(x.sim, 0, SP_EL1), 0x1000, "where it is");
	is_int(write_reg(&x, "x0", 1, 4), -EINVAL, "half of a register is none");
	tear_down(&x);
}

static void write_block(void)
{
	struct fixture x;
	uint64_t rax;

	set_up(&x, "x86_64");
	read_reg(&x, "rax");
	rax = 0x1122334455667788;
	memcpy(sim_bytes(x.sim, 0, KEY_BLOCK(0, 8, 0)), &rax, 8); /* behind the cache */
	is_int(write_reg(&x, "rip", 0xfff0, 8), 0, "rip is written");
	ok(sim_get(x.sim, 0, RIP) == 0xfff0 && sim_get(x.sim, 0, KEY_BLOCK(0, 8, 0)) == rax, "into fresh data");
	sim_set(x.sim, 0, RFLAGS, 0xffffffff00000002);
	is_int(write_reg(&x, "eflags", 0x202, 4), 0, "eflags is written");
	ok(sim_get(x.sim, 0, RFLAGS) == 0xffffffff00000202, "and rflags' upper half kept");
	is_int(write_reg(&x, "cs", 0x10, 4), 0, "cs is written");
	is_int((int64_t)sim_get(x.sim, 0, CS), 0x10, "in 16 bits");
	is_int(write_reg(&x, "cs", 0x10010, 4), -EINVAL, "more do not fit");
	is_int((int64_t)read_reg(&x, "cs"), 0x10, "and change nothing");
	tear_down(&x);
}

static void refusals(void)
{
	struct fixture x;
	uint8_t byte;

	set_up(&x, "aarch64");
	x.sim->refuse_set = 1;
	x.sim->refuse_err = EBUSY;
	is_int(write_reg(&x, "SCTLR_EL1", 1, 8), -EBUSY, "the kernel's refusal comes through");
	is_str(x.file.why, "SCTLR_EL1: EBUSY, it cannot be changed once the VM has run", "as a sentence");
	ok(read_reg(&x, "SCTLR_EL1") == sim_get(x.sim, 0, SCTLR_EL1), "and what is read then is what the vCPU holds");
	sim_remove(x.sim, 0, SCTLR_EL1);
	regfile_drop(&x.file);
	is_int((int64_t)read_reg(&x, "SCTLR_EL1"), -ENOENT, "a register that went away");
	is_str(x.file.why, "SCTLR_EL1: ENOENT, this vCPU has it not", "is named");
	is_int(regfile_read(&x.file, x.tdesc.nregs, &byte, 1), -ENOENT, "a number that is none");
	ok(strstr(x.file.why, "there is no register ") != NULL, "is said to be none");
	is_int(regfile_write(&x.file, x.tdesc.nregs, &byte, 1), -ENOENT, "nor can it be written");
	is_int(regfile_read(&x.file, 0, &byte, 1), -ENOSPC, "no room");
	is_int(regfile_write(&x.file, 0, &byte, 1), -EINVAL, "a value of another size");
	is_str(x.file.why, "x0: a value of 1 bytes, where it has 8", "which is said, with its own");
	x.sim->unreachable = -ESRCH;
	is_int((int64_t)read_reg(&x, "x7"), -ESRCH, "a vCPU that cannot be reached");
	is_int(write_reg(&x, "x7", 1, 8), -ESRCH, "for writing neither");
	is_str(x.file.why, "x7: ESRCH, the thread of the vCPU is gone", "is a sentence, too");
	tear_down(&x);
}

static void read_only(void)
{
	static const struct reg_row rows[] = { { "r", 64, true, true, "", CORE(0), NULL, NULL, NULL, REG_PLAIN } };
	static const struct tdesc_feature feature = { "f", "", rows, 1, NULL, 0, 0, NULL };
	static const struct tdesc_table table = { "a", &feature, 1, NULL, false };
	struct arch arch = *arch_find("aarch64");
	struct fixture x;
	uint64_t value = 1;

	set_up(&x, "aarch64");
	regfile_free(&x.file);
	tdesc_free(&x.tdesc);
	arch.tdesc = &table;
	build(&x, &arch);
	is_int(regfile_write(&x.file, 0, &value, 8), -EPERM, "a read-only register");
	is_int(regfile_write_general(&x.file, &value, 8), -EPERM, "among others neither");
	is_int(x.sim->sets, 0, "was not tried");
	value = sim_get(x.sim, 0, CORE(0));
	is_int(regfile_write_general(&x.file, &value, 8), 0, "but with its own value among others it is no matter");
	tear_down(&x);
}

int main(void)
{
	lazy();
	read_general_aarch64();
	read_general_x86_64();
	prefetch();
	many_at_once();
	view();
	write_one();
	write_block();
	refusals();
	read_only();
	return done();
}
