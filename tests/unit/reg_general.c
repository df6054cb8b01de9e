/* SPDX-License-Identifier: BSD-2-Clause */
/* The general registers of a simulated vCPU, written all at once: in which order, and what is rolled back when one is refused. */
#include <errno.h>
#include <stdlib.h>

#include "reg_fixture.h"
#include "tap.h"

#define SP_EL0 CORE(0x3e)
#define PC CORE(0x40)
#define SP_EL1 CORE(0x44)
#define RIP KEY_BLOCK(0, 8, 0x80)

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

/* A computed register that is another register in other words. */
#define SHOWS(n)                                            \
	static int get_##n(struct view *v, uint64_t *value) \
	{                                                   \
		return v->get(v, CORE(2 * (n)), value);     \
	}                                                   \
	static int set_##n(struct view *v, uint64_t value)  \
	{                                                   \
		return v->set(v, CORE(2 * (n)), value);     \
	}
SHOWS(0)
SHOWS(1)
SHOWS(2)

/* The third of three computed registers is refused: the two before it go back, the last first. */
static void roll_back_computed(void)
{
	static const struct arch_computed computed[] = { { "c0", get_0, set_0, 0 }, { "c1", get_1, set_1, 0 },
		{ "c2", get_2, set_2, 0 } };
	static const struct reg_row rows[] = {
		{ "c0", 64, true, false, "", 0, "c0", NULL, NULL, REG_PLAIN },
		{ "c1", 64, true, false, "", 0, "c1", NULL, NULL, REG_PLAIN },
		{ "c2", 64, true, false, "", 0, "c2", NULL, NULL, REG_PLAIN },
	};
	static const struct tdesc_feature feature = { "f", "", rows, 3, NULL, 0, 0, NULL };
	static const struct tdesc_table table = { "a", &feature, 1, NULL, false };
	static const uint64_t keys[] = { CORE(0), CORE(2), CORE(4) };
	struct arch arch = *arch_find("aarch64");
	uint64_t values[3], were[3];
	struct fixture x;

	set_up(&x, "aarch64");
	regfile_free(&x.file);
	tdesc_free(&x.tdesc);
	arch.tdesc = &table;
	arch.regs.computed = computed;
	arch.regs.ncomputed = 3;
	build(&x, &arch);
	is_int(regfile_read_general(&x.file, were, sizeof(were)), sizeof(were), "three computed registers");
	for (unsigned i = 0; i < 3; i++)
		values[i] = were[i] ^ 0xff;
	x.sim->refuse_set = 3;
	is_int(regfile_write_general(&x.file, values, sizeof(values)), -EINVAL, "the third refused");
	is_str(x.file.why, "c2: EINVAL, this vCPU has it not, or not with this value", "and named");
	ok(writes_are(x.sim, keys, 3), "the two before it go back, the last first");
	regfile_read_general(&x.file, values, sizeof(values));
	ok(!memcmp(values, were, sizeof(were)), "... to what they were");
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
	write_general();
	write_general_in_order();
	roll_back();
	roll_back_in_order();
	roll_back_from_computed();
	roll_back_computed();
	does_not_fit();
	return done();
}
