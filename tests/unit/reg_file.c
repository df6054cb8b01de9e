/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register file over a simulated vCPU: what is fetched when, what is written, what is undone, and what is said.
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

/* ---- writing all general registers ---- */

static void write_general(void)
{
	uint8_t values[268];
	uint64_t value = 0x55;
	struct fixture x;

	set_up(&x, "aarch64");
	regfile_read_general(&x.file, values, sizeof(values));
	is_int(regfile_write_general(&x.file, values, sizeof(values)), 0, "all general registers as they were");
	is_int(x.sim->sets, 0, "is no write");
	memcpy(values + 8, &value, 8);
	memcpy(values + 32 * 8, &value, 8);
	is_int(regfile_write_general(&x.file, values, sizeof(values)), 0, "two of them changed");
	is_int(x.sim->sets, 2, "are two writes");
	ok(sim_get(x.sim, 0, CORE(2)) == 0x55 && sim_get(x.sim, 0, PC) == 0x55, "and there");
	is_int(regfile_write_general(&x.file, values, 267), -EINVAL, "one byte too few");
	tear_down(&x);

	set_up(&x, "x86_64");
	regfile_read_general(&x.file, values, sizeof(values));
	memcpy(values, &value, 8);
	memcpy(values + 16 * 8, &value, 8);
	is_int(regfile_write_general(&x.file, values, 164), 0, "two fields of a struct changed");
	is_int(x.sim->sets, 1, "are one write");
	ok(sim_get(x.sim, 0, RIP) == 0x55 && sim_get(x.sim, 0, KEY_BLOCK(0, 8, 0)) == 0x55, "and both there");
	tear_down(&x);
}

/* cpsr says which stack pointer sp is: it has to be there before sp is written. */
static void write_general_in_order(void)
{
	uint8_t values[268];
	uint64_t sp = 0x7000, el1;
	uint32_t cpsr = 0x3c4; /* EL1t */
	struct fixture x;

	set_up(&x, "aarch64");
	el1 = sim_get(x.sim, 0, SP_EL1);
	regfile_read_general(&x.file, values, sizeof(values));
	memcpy(values + 31 * 8, &sp, 8);
	memcpy(values + 264, &cpsr, 4);
	is_int(regfile_write_general(&x.file, values, sizeof(values)), 0, "sp and cpsr changed together");
	ok(sim_get(x.sim, 0, SP_EL0) == sp && sim_get(x.sim, 0, SP_EL1) == el1, "sp is that of the new mode");
	is_int((int64_t)read_reg(&x, "sp"), (int64_t)sp, "and reads as it was written");
	tear_down(&x);
}

/* What the vCPU holds, to be compared. */
static void snapshot(struct sim_host *sim, uint8_t *bytes, size_t size)
{
	size_t at = 0;

	for (unsigned i = 0; i < sim->vcpu[0].nvalues; i++) {
		const struct sim_value *value = &sim->vcpu[0].values[i];

		if (at + value->size > size)
			exit(1);
		memcpy(bytes + at, value->bytes, value->size);
		at += value->size;
	}
}

/* All registers changed, the k-th write refused: the vCPU is as before, and nothing was written behind the refusal but undoing. */
static bool undone_at(const char *arch, unsigned k, char *why, size_t size)
{
	static uint8_t before[65536], after[65536];
	uint8_t values[268];
	struct fixture x;
	ssize_t n;
	bool good;

	set_up(&x, arch);
	n = regfile_read_general(&x.file, values, sizeof(values));
	for (ssize_t i = 0; i < n - 28; i++)
		values[i] ^= 0x11;
	if (!strcmp(arch, "aarch64"))
		values[264] ^= 1; /* EL1h to EL1t: sp is another register then */
	else
		values[n - 28] ^= 1; /* eflags */
	snapshot(x.sim, before, sizeof(before));
	x.sim->refuse_set = k;
	good = regfile_write_general(&x.file, values, (size_t)n) == -EINVAL;
	snapshot(x.sim, after, sizeof(after));
	good = good && !memcmp(before, after, sizeof(before)) && x.sim->sets == 2 * k - 1;
	snprintf(why, size, "%s", x.file.why);
	tear_down(&x);
	return good;
}

static void roll_back(void)
{
	char why[160];
	bool all = true;

	for (unsigned k = 1; k <= 31; k++)
		all = undone_at("aarch64", k, why, sizeof(why)) && all;
	ok(all, "refused at any of 31 writes, everything is undone");
	ok(undone_at("aarch64", 3, why, sizeof(why)), "the third write refused");
	is_str(why, "x2: EINVAL, this vCPU has it not, or not with this value", "is that of x2");
	ok(undone_at("x86_64", 1, why, sizeof(why)), "a struct refused");
	is_str(why, "rax: EINVAL, this vCPU has it not, or not with this value", "is named by the first register of it");
}

/* Whether the writes were these, up to the k-th one, which is refused, and then those before it, backwards. */
static bool writes_are(const struct sim_host *sim, const uint64_t *keys, unsigned k)
{
	bool same = sim->sets == 2 * k - 1;

	for (unsigned i = 0; same && i < 2 * k - 1; i++)
		same = sim->set_keys[i] == keys[i < k ? i : 2 * k - 2 - i];
	return same;
}

/* A bit is changed at each of these offsets in `g`, which is so many writes. */
static void in_order(const char *arch, const unsigned *changes, unsigned nchanges, const uint64_t *keys, unsigned nkeys)
{
	uint8_t values[268];
	struct fixture x;
	ssize_t n;

	for (unsigned k = 1; k <= nkeys; k++) {
		set_up(&x, arch);
		n = regfile_read_general(&x.file, values, sizeof(values));
		for (unsigned i = 0; i < nchanges; i++)
			values[changes[i]] ^= 1;
		x.sim->refuse_set = k;
		ok(regfile_write_general(&x.file, values, (size_t)n) == -EINVAL && writes_are(x.sim, keys, k),
			"%s: write %u of %u refused: those before it in order, and backwards", arch, k, nkeys);
		tear_down(&x);
	}
}

/*
 * In the order of their numbers, but sp, whose place depends on pstate, behind pstate. A struct with several registers in it is
 * one write, where the first of them is.
 */
static void roll_back_in_order(void)
{
	static const unsigned arm_changes[] = { 0, 3 * 8, 31 * 8, 32 * 8, 33 * 8 }; /* x0, x3, sp, pc, cpsr: now EL1t */
	static const uint64_t arm[] = { CORE(0), CORE(6), PC, PSTATE, SP_EL0 };
	static const unsigned x86_changes[] = { 0, 16 * 8, 17 * 8 + 4 }; /* rax, rip, cs */
	static const uint64_t x86[] = { KEY_BLOCK(0, 0, 0), KEY_BLOCK(1, 0, 0) };

	in_order("aarch64", arm_changes, 5, arm, 5);
	in_order("x86_64", x86_changes, 3, x86, 2);
}

/* The rows are in, and then sp is refused: the rows come out again. */
static void roll_back_from_computed(void)
{
	static uint8_t before[65536], after[65536];
	uint8_t values[268];
	struct fixture x;

	set_up(&x, "aarch64");
	regfile_read_general(&x.file, values, sizeof(values));
	values[0] ^= 1;		/* x0 */
	values[31 * 8] ^= 0xff; /* sp */
	values[264] ^= 1;	/* cpsr */
	snapshot(x.sim, before, sizeof(before));
	x.sim->refuse_set = 3;
	is_int(regfile_write_general(&x.file, values, sizeof(values)), -EINVAL, "sp refused after x0 and cpsr were written");
	snapshot(x.sim, after, sizeof(after));
	ok(!memcmp(before, after, sizeof(before)), "leaves none of them changed");
	is_str(x.file.why, "sp: EINVAL, this vCPU has it not, or not with this value", "and names sp");
	tear_down(&x);
}

static void does_not_fit(void)
{
	uint8_t values[164];
	struct fixture x;

	set_up(&x, "x86_64");
	regfile_read_general(&x.file, values, sizeof(values));
	values[0] ^= 1;
	values[17 * 8 + 6] = 1; /* bit 16 of cs */
	is_int(regfile_write_general(&x.file, values, sizeof(values)), -EINVAL, "a selector of 17 bits among others");
	is_int(x.sim->sets, 0, "is refused before anything is written");
	ok(read_reg(&x, "rax") == sim_get(x.sim, 0, KEY_BLOCK(0, 8, 0)), "and what was prepared is forgotten");
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
	write_general();
	write_general_in_order();
	roll_back();
	roll_back_in_order();
	roll_back_from_computed();
	does_not_fit();
	return done();
}
