/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits that the vCPU is made to have otherwise than the guest left them: who sees what, and what a write does. */
#include <errno.h>

#include "arch/ppc64.h"
#include "reg_fixture.h"
#include "tap.h"

#define MASKED 0xc0
#define GENERAL 268
#define CPSR_AT 264
#define X3 CORE(6)

static struct fixture x;
static const struct arch_mask *mask;
static uint64_t own;

/* Interrupts on, and the mask held. */
static void hold(void)
{
	set_up(&x, "aarch64");
	mask = x.sim->arch->step.mask;
	sim_set(x.sim, 0, PSTATE, 0xabcd000000000305);
	is_int(regfile_hold(&x.file, mask, &own), 0, "held");
	regfile_drop(&x.file);
}

static uint64_t real(void)
{
	return sim_get(x.sim, 0, PSTATE);
}

static uint64_t by_id(void)
{
	uint64_t value = 0;
	struct reg_item item = { .key = PSTATE, .value = &value };

	regfile_get_id(&x.file, &item);
	return value;
}

static void test_reading(void)
{
	uint8_t values[GENERAL];
	uint64_t value;
	unsigned sets;

	hold();
	ok(own == 0 && real() == 0xabcd0000000003c5, "the vCPU has it, and nothing else has changed");
	is_int((int64_t)read_reg(&x, "cpsr"), 0x305, "p shows the guest's own");
	regfile_read_general(&x.file, values, sizeof(values));
	ok(values[CPSR_AT] == 0x05 && values[CPSR_AT + 1] == 3, "g does");
	x.file.view.get(&x.file.view, PSTATE, &value);
	ok(value == 0xabcd000000000305, "arch/ does");
	ok(by_id() == 0xabcd000000000305, "and the id by itself");
	sets = x.sim->sets;
	ok(!regfile_hold(&x.file, mask, &own) && x.sim->sets == sets, "held a second time, nothing is written");
	ok(regfile_may_be_interrupted(&x.file, mask) == 1, "the guest would be interrupted but for that");
	tear_down(&x);
}

static void test_nothing_to_hold(void)
{
	set_up(&x, "aarch64");
	ok(!regfile_may_be_interrupted(&x.file, x.sim->arch->step.mask), "a guest that masks interrupts itself");
	sim_remove(x.sim, 0, PSTATE);
	regfile_drop(&x.file);
	is_int(regfile_may_be_interrupted(&x.file, x.sim->arch->step.mask), -ENOENT, "a mask that cannot be read");
	is_int(regfile_hold(&x.file, x.sim->arch->step.mask, &own), -ENOENT, "... is not held");
	ok(!regfile_is_held(&x.file), "... nor taken for held");
	tear_down(&x);
}

static void test_give_back(void)
{
	hold();
	is_int(regfile_give_back(&x.file), 0, "given back");
	ok(real() == 0xabcd000000000305 && !regfile_is_held(&x.file), "the vCPU has the guest's own");
	is_int((int64_t)read_reg(&x, "cpsr"), 0x305, "... as before");
	regfile_hold(&x.file, mask, &own);
	x.sim->refuse_set = 1;
	is_int(regfile_give_back(&x.file), -EINVAL, "a refusal is told");
	ok(regfile_is_held(&x.file) && read_reg(&x, "cpsr") == 0x305, "... and changes nothing");
	sim_set(x.sim, 0, PSTATE, 0x3c5);
	regfile_let_go(&x.file);
	ok(read_reg(&x, "cpsr") == 0x3c5 && !regfile_is_held(&x.file), "let go: what the vCPU has is the guest's");
	tear_down(&x);
}

static void test_writing(void)
{
	uint8_t values[GENERAL];

	hold();
	is_int(write_reg(&x, "cpsr", 0x60000385, 4), 0, "P of a mask");
	ok(real() == 0xabcd0000600003c5, "the vCPU stays masked");
	is_int((int64_t)read_reg(&x, "cpsr"), 0x60000385, "what was written is shown");
	write_reg(&x, "cpsr", 0x305, 4);
	regfile_read_general(&x.file, values, sizeof(values));
	values[CPSR_AT] = 0x45;
	values[3 * 8] ^= 0xff;
	is_int(regfile_write_general(&x.file, values, sizeof(values)), 0, "G with one");
	ok((real() & MASKED) == MASKED && read_reg(&x, "cpsr") == 0x345, "... likewise");
	values[CPSR_AT] = 0x05;
	x.sim->refuse_set = 2;
	values[3 * 8] ^= 0xff;
	is_int(regfile_write_general(&x.file, values, sizeof(values)), -EINVAL, "a G that is refused half way");
	ok((real() & MASKED) == MASKED && read_reg(&x, "cpsr") == 0x345, "... leaves what was there");
	x.sim->refuse_set = 1;
	is_int(write_reg(&x, "cpsr", 0x305, 4), -EINVAL, "a P that is refused");
	is_int((int64_t)read_reg(&x, "cpsr"), 0x345, "... likewise");
	write_reg(&x, "x3", 77, 8);
	ok(sim_get(x.sim, 0, X3) == 77 && (real() & MASKED) == MASKED, "another register is none of that");
	regfile_give_back(&x.file);
	is_int((int64_t)(real() & 0xffff), 0x345, "given back is what was written last");
	tear_down(&x);
}

static void test_id_written(void)
{
	uint64_t value = 0x385;
	struct reg_item item = { .key = PSTATE, .value = &value };

	hold();
	is_int(regfile_set_id(&x.file, &item), 0, "the id by itself is written");
	ok(real() == 0x3c5 && by_id() == 0x385 && value == 0x385, "... and read");
	tear_down(&x);
}

static void test_own_bits(void)
{
	hold();
	sim_set(x.sim, 0, PSTATE, 0x345); /* the guest has unmasked the other one */
	regfile_own_bits(&x.file, 0x40);
	is_int((int64_t)read_reg(&x, "cpsr"), 0x345, "bits that the guest has changed");
	regfile_hold(&x.file, mask, &own);
	ok(real() == 0x3c5 && own == 0x40, "... are held anew");
	tear_down(&x);
}

/* A mask within a struct. */
static void test_block(void)
{
	uint64_t msr = PPC_MSR_SF | PPC_MSR_EE | PPC_MSR_ME;

	set_up(&x, "ppc64le");
	mask = x.sim->arch->step.mask;
	sim_set(x.sim, 0, PPC_MSR, msr);
	is_int(regfile_hold(&x.file, mask, &own), 0, "held in a struct");
	ok(own == PPC_MSR_EE && sim_get(x.sim, 0, PPC_MSR) == (msr & ~PPC_MSR_EE), "the vCPU has it");
	ok(read_reg(&x, "msr") == msr, "p shows the guest's own");
	write_reg(&x, "r7", 0x1234, 8);
	ok(sim_get(x.sim, 0, PPC_GPR(7)) == 0x1234 && sim_get(x.sim, 0, PPC_MSR) == (msr & ~PPC_MSR_EE),
		"its neighbour is written and it stays held");
	ok(read_reg(&x, "msr") == msr, "... and hidden");
	write_reg(&x, "msr", PPC_MSR_SF, 8);
	write_reg(&x, "r7", 0x4321, 8);
	regfile_give_back(&x.file);
	ok(sim_get(x.sim, 0, PPC_MSR) == PPC_MSR_SF && sim_get(x.sim, 0, PPC_GPR(7)) == 0x4321,
		"given back with what was written");
	tear_down(&x);
}

int main(void)
{
	test_reading();
	test_nothing_to_hold();
	test_give_back();
	test_writing();
	test_id_written();
	test_own_bits();
	test_block();
	return done();
}
