/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each row of the table of instructions that are carried out in place of the processor (arch/emulate.h), with random operands, registers
 * and flags: executed by this host's KVM, one step, and by the table. Registers and memory are the same after both.
 */
#include <stdlib.h>
#include <unistd.h>

#include "arch/arch.h"
#include "host/vm.h"
#include "machine/open.h"
#include "run/emulate.h"
#include "tap.h"

#define SCRATCH 0x10000
#define CODE 0x8000 /* from the beginning of RAM */
#define STACK 0xa000
#define AREA 0x1000
#define TRIES 20000
#define WANTED 300 /* of each row */

static uint64_t seed = 1;

/* xorshift64 */
static uint64_t random_word(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

#if defined(__x86_64__)
#include "emulated_x86_64.h"
#endif

static struct machine machine;
static struct host *host;
static uint64_t base;

/* All that an instruction may change. */
struct state {
	uint64_t reg[KEYS];
	uint8_t stack[AREA];
};

static struct state got, want; /* by the table, and by KVM */

static struct vcpu *vcpu(void)
{
	return machine.guest.vcpus[0];
}

/* Values at which carries and signs change are as likely as any. */
static uint64_t random_value(void)
{
	static const uint64_t edges[] = { 0, 1, 0x7fffffff, 0x80000000, UINT32_MAX, INT64_MAX, 1ull << 63, UINT64_MAX };
	uint64_t word = random_word();

	return word & 1 ? random_word() : edges[word >> 1 & 7] + (word >> 8 & 3) - 1;
}

static void make_state(struct state *s)
{
	for (unsigned i = 0; i < KEYS; i++)
		s->reg[i] = random_value();
	for (unsigned i = 0; i < AREA; i++)
		s->stack[i] = (uint8_t)random_word();
	s->reg[sp_number] = base + STACK + AREA / 2 + (random_word() & 15 ? 16 * (random_word() % 64) : random_word() % 64);
	s->reg[pc_number] = base + CODE;
	s->reg[flags_number] = flags_of(random_word());
}

static bool set_state(const struct state *s)
{
	struct view_value values[KEYS];

	for (unsigned i = 0; i < KEYS; i++)
		values[i] = (struct view_value){ keys[i], s->reg[i] };
	return !regfile_set_all(&vcpu()->regs, values, KEYS) &&
	       host->ops->write_mem(host, base + STACK, s->stack, AREA) == AREA;
}

static bool get_state(struct state *s)
{
	struct view *view = &vcpu()->regs.view;
	bool good = host->ops->read_mem(host, base + STACK, s->stack, AREA) == AREA;

	regfile_drop(&vcpu()->regs);
	for (unsigned i = 0; i < KEYS; i++)
		good &= !view->get(view, keys[i], &s->reg[i]);
	return good;
}

static bool put_code(const uint8_t *code, size_t size)
{
	bool good = host->ops->write_mem(host, base + CODE, code, size) == (ssize_t)size;

	host->ops->sync_code(host, base + CODE, size);
	return good;
}

enum outcome {
	LEFT, /* to the processor */
	SAME,
	OTHER,
	UNKNOWN /* to KVM's own instruction emulator */
};

/* By KVM: one step. SAME: it is done. */
static enum outcome execute(void)
{
	const struct debug_request step = { .step = true };
	uint8_t bytes[ARCH_DEBUG_SIZE] = { 0 };
	struct vcpu_exit exit = { 0 };
	struct arch_hit hit;
	uint32_t control;
	size_t size = ARCH.debug.encode(&step, &control, bytes);

	if (host->ops->set_debug(host, 0, control, bytes, size) || host->ops->run(host, 0, HOST_STEP, &exit))
		return OTHER;
	ARCH.exit.classify(&exit, &hit);
	if (exit.kind == EXIT_KVM && hit.kind == HIT_STEP)
		return SAME;
	return hit.emulated ? UNKNOWN : OTHER;
}

static void show(const char *name, const uint8_t *code, const struct state *before)
{
	printf("# %s:", name);
	for (unsigned i = 0; i < 16; i++)
		printf(" %02x", code[i]);
	printf("\n");
	for (unsigned i = 0; i < KEYS; i++)
		if (got.reg[i] != want.reg[i])
			printf("# register %u, 0x%" PRIx64 ": 0x%" PRIx64 ", by KVM 0x%" PRIx64 "\n", i, before->reg[i],
				got.reg[i], want.reg[i]);
	for (unsigned i = 0; i < AREA; i++)
		if (got.stack[i] != want.stack[i])
			printf("# stack + 0x%x: 0x%02x, by KVM 0x%02x\n", i, got.stack[i], want.stack[i]);
}

static enum outcome compare(const char *name, const uint8_t *code, size_t size)
{
	struct state before;
	enum outcome outcome;

	make_state(&before);
	if (!put_code(code, size) || !set_state(&before))
		return OTHER;
	if (!emulate_over(vcpu()))
		return LEFT;
	if (!get_state(&got) || !set_state(&before))
		return OTHER;
	want = got;
	outcome = execute();
	if (outcome != SAME) {
		show(name, code, &before);
		return outcome;
	}
	if (get_state(&want) && !memcmp(&got, &want, sizeof(got)))
		return SAME;
	show(name, code, &before);
	return OTHER;
}

static void test_row(const char *name, uint32_t mask, uint32_t value)
{
	unsigned same = 0, other = 0;

	for (unsigned i = 0; i < TRIES && same < WANTED && !other; i++) {
		uint8_t code[32] = { 0 };
		size_t size = write_insn(code, mask, value);
		enum outcome outcome = compare(name, code, size);

		same += outcome == SAME;
		other += outcome == OTHER || outcome == UNKNOWN;
	}
	ok(same == WANTED && !other, "%s: %u by KVM and by the table", name, same);
}

/* What has no operands. Behind it are nops. */
static void test_other(const char *name, const uint8_t *code, size_t size)
{
	enum outcome outcome = compare(name, code, size);

	if (outcome == UNKNOWN)
		skip(name, "this KVM's instruction emulator does not know it");
	else if (outcome == OTHER && want.reg[pc_number] == got.reg[pc_number] + NOP_SIZE)
		skip(name, "this KVM steps on through the next instruction");
	else
		is_int(outcome, SAME, name);
}

static bool open_all(void)
{
	const struct capabilities caps = { .step = true };
	char error[256] = "";

	host = vm_open_scratch(-1, SCRATCH, &base, error, sizeof(error));
	if (host && machine_open(&machine, host, &ARCH, &caps, BATCH_AUTO, error, sizeof(error)))
		host = NULL;
	if (!ok(host, "a machine over a scratch VM"))
		diag("no machine", error);
	return host;
}

/* Another seed by the first argument: a test that has failed says its own. */
int main(int argc, char **argv)
{
	const char *name;
	uint32_t mask, value;

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	else
		seed = (uint64_t)getpid() << 32 | 1;
	printf("# seed 0x%" PRIx64 "\n", seed);
	if (!open_all())
		return done();
	find_keys();
	is_int(start(&vcpu()->regs, host, base), 0, "... whose vCPU is ready");
	for (unsigned i = 0; ARCH.emulate->row(i, &name, &mask, &value); i++)
		test_row(name, mask, value);
	for (unsigned i = 0; others[i].name; i++)
		test_other(others[i].name, others[i].code, sizeof(others[i].code));
	return done();
}
