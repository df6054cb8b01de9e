/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts are held back while a vCPU steps: when the guest's mask is set and when it is given back, and that nobody, the guest's
 * own instructions included, sees anything of it. The test plays the processor: effect() is what it does when it runs.
 */
#include <errno.h>
#include <stdlib.h>

#include "arch/aarch64.h"
#include "arch/exit_common.h"
#include "arch/ppc64.h"
#include "arch/riscv64.h"
#include "machine/open.h"
#include "machine/ops.h"
#include "run/step.h"
#include "run/step_plan.h"
#include "sim_host.h"
#include "tap.h"

#define BASE 0x40000000ull
#define RAM 0x4000
#define CODE (BASE + 0x1000)
#define VBAR (BASE + 0x2000)
#define EL1H 5
#define I 0x80
#define IF 0xc0

static struct sim_host *sim;
static struct machine *machine;
static struct vcpu *v;
static void (*effect)(void);
static struct vcpu_exit outcome;
static uint64_t at_entry; /* the mask's register, as the vCPU had it when it ran */

static uint64_t get(uint64_t key)
{
	return sim_get(sim, 0, key);
}

static void set(uint64_t key, uint64_t value)
{
	sim_set(sim, 0, key, value);
}

static uint64_t shown(uint64_t key)
{
	uint64_t value = 0;

	v->regs.view.get(&v->regs.view, key, &value);
	return value;
}

static void play(struct sim_host *host, unsigned vcpu, enum host_run how)
{
	(void)how;
	at_entry = get(host->arch->step.mask->key);
	outcome.kind = v->want == RESUME_STEP || v->first == FIRST_OVER ? EXIT_KVM : EXIT_KICKED;
	effect();
	host->vcpu[vcpu].exits = &outcome;
	host->vcpu[vcpu].nexits = 1;
}

/* One vCPU before its first step, on a host whose KVM steps or does not. */
static void open_machine(const struct arch *arch, uint64_t base, const struct capabilities *caps)
{
	char error[256] = "";

	machine = calloc(1, sizeof(*machine)); /* for good: its threads stay */
	sim = sim_open(arch, 1, base, RAM);
	if (!sim || !machine)
		abort();
	sim->many_on_vcpu = true;
	sim->vcpu[0].on_run = play;
	if (machine_open(machine, &sim->host, arch, caps, BATCH_AUTO, error, sizeof(error)))
		abort();
	v = machine->guest.vcpus[0];
}

static void put(uint64_t addr, uint32_t word)
{
	memcpy(sim->ram + (addr - sim->ram_base), &word, sizeof(word));
}

/* What the debugger's resume does with this vCPU. */
static enum step_result resume(enum resume_kind kind, bool over)
{
	v->want = kind;
	v->first = over ? FIRST_OVER : FIRST_NOTHING;
	v->way.known = false;
	v->nends = 0;
	if ((kind == RESUME_STEP || over) && step_plan(v, over, NULL))
		return STEP_NOTHING;
	regfile_resumed(&v->regs);
	regfile_drop(&v->regs);
	return step_run(v);
}

static enum step_result step(void (*what)(void))
{
	effect = what;
	return resume(RESUME_STEP, false);
}

static enum step_result go(void (*what)(void))
{
	effect = what;
	return resume(RESUME_CONTINUE, false);
}

/* ---- arm64, whose KVM steps ---- */

static void open_arm64(uint64_t pstate)
{
	const struct aarch64_debug_exit stepped = { .hsr = 0xca000022 };

	open_machine(&arch_aarch64, BASE, &(struct capabilities){ .step = true });
	outcome = (struct vcpu_exit){ .reason = REASON_DEBUG };
	memcpy(outcome.data, &stepped, sizeof(stepped));
	set(A64_SCTLR_EL1, 0);
	set(A64_VBAR_EL1, VBAR);
	set(A64_PSTATE, pstate);
	set(A64_PC, CODE);
	put(CODE, 0xd503201f); /* nop */
}

static void next(void)
{
	set(A64_PC, get(A64_PC) + 4);
}

static void kicked(void)
{
	outcome.kind = EXIT_KICKED;
}

static void nothing(void)
{
}

static void jump_back(void)
{
	set(A64_PC, CODE);
}

static void test_steps(void)
{
	unsigned sets, batches;

	open_arm64(EL1H);
	ok(step(next) == STEP_EVENT && at_entry == (EL1H | IF), "a step with interrupts held back");
	ok(shown(A64_PSTATE) == EL1H && get(A64_PSTATE) == (EL1H | IF), "the mask stays, and is hidden");
	is_int(sim->sets, 1, "one write");
	for (unsigned i = 0; i < 3; i++)
		step(next);
	sets = sim->sets;
	batches = sim->batches;
	shown(A64_PC);
	step(jump_back);
	shown(A64_PC);
	shown(A64_PSTATE);
	ok(at_entry == (EL1H | IF) && sets == 1 && sim->sets == 1, "the steps that follow write nothing");
	is_int(sim->batches - batches, 1, "... and cost one batch of registers each");
	go(next);
	ok(at_entry == EL1H && get(A64_PSTATE) == EL1H, "to go on freely it is given back");
	is_int(sim->sets, 2, "... by one write");
	go(next);
	is_int(sim->sets, 2, "... once");
	set(A64_PSTATE, EL1H | IF);
	step(next);
	ok(sim->sets == 2 && shown(A64_PSTATE) == (EL1H | IF), "a guest that masks interrupts itself is not touched");
}

/* Past a breakpoint, to go on freely behind it. */
static void test_over(void)
{
	open_arm64(EL1H);
	effect = next;
	ok(resume(RESUME_CONTINUE, true) == STEP_OVER && at_entry == (EL1H | IF),
		"over a breakpoint with interrupts held back");
	v->first = FIRST_NOTHING;
	step_run(v);
	ok(at_entry == EL1H, "behind it they are not");
	effect = kicked;
	ok(resume(RESUME_CONTINUE, true) == STEP_NOTHING, "kicked before it could step");
	effect = next;
	ok(step_run(v) == STEP_OVER && at_entry == (EL1H | IF), "it is tried again as planned");
}

static void test_leaving(void)
{
	open_arm64(EL1H);
	step(next);
	machine_release(machine, false);
	ok(get(A64_PSTATE) == EL1H, "the debugger leaves a stopped guest: given back");
	step(next);
	v->regs.view.set(&v->regs.view, A64_PSTATE, EL1H | I);
	ok(get(A64_PSTATE) == (EL1H | IF) && shown(A64_PSTATE) == (EL1H | I), "what the debugger writes in the midst of steps");
	step(next);
	go(next);
	ok(at_entry == (EL1H | I), "... is what the guest goes on with");
	step(next);
	set(A64_PSTATE, 0x3c5);
	machine_target(machine).ops->restart(machine);
	ok(shown(A64_PSTATE) == 0x3c5 && !regfile_is_held(&v->regs), "a guest that starts over has its own mask");
	set(A64_PSTATE, EL1H);
	regfile_drop(&v->regs);
	step(next);
	sim->refuse_set = 1;
	ok(go(next) == STEP_EVENT && v->stop.text && strstr(v->stop.text, "interrupt mask"),
		"a mask that cannot be given back is a stop");
}

/* ---- arm64: instructions that look at the mask, or change it ---- */

static void read_daif(void)
{
	set(A64_X(5), get(A64_PSTATE) & 0x3c0);
	next();
}

static void set_daif(void)
{
	set(A64_PSTATE, get(A64_PSTATE) | I);
	next();
}

static void clear_daif(void)
{
	set(A64_PSTATE, get(A64_PSTATE) & ~(uint64_t)I);
	next();
}

static void return_to_el0(void)
{
	set(A64_PSTATE, I);
	next();
}

static void test_instructions(void)
{
	open_arm64(EL1H);
	put(CODE, 0xd53b4225);	   /* mrs x5, daif */
	put(CODE + 4, 0xd50342df); /* msr daifset, #2 */
	put(CODE + 8, 0xd53b4225);
	put(CODE + 12, 0xd50342ff); /* msr daifclr, #2 */
	put(CODE + 16, 0xd69f03e0); /* eret */
	step(read_daif);
	ok(at_entry == (EL1H | IF) && shown(A64_X(5)) == 0 && get(A64_X(5)) == 0, "mrs reads the guest's own mask");
	step(set_daif);
	ok(shown(A64_PSTATE) == (EL1H | I), "msr sets a bit of it");
	step(read_daif);
	ok(at_entry == (EL1H | IF) && get(A64_X(5)) == I, "... which is read");
	step(clear_daif);
	ok(shown(A64_PSTATE) == EL1H, "msr clears a bit of it");
	step(return_to_el0);
	ok(at_entry == (EL1H | IF), "... and interrupts are held back all the same");
	ok(shown(A64_PSTATE) == I && get(A64_PSTATE) == I, "eret brings another one");
	put(CODE + 20, 0xd503201f);
	step(next);
	ok(at_entry == IF && shown(A64_PSTATE) == I, "... which is held in its turn");
	put(CODE + 24, 0xd4000002); /* hvc #0 */
	step(next);
	ok(at_entry == I && !regfile_is_held(&v->regs), "hvc finds it as it is");
	put(CODE, 0xd53b4225);
	set(A64_PC, CODE);
	regfile_drop(&v->regs);
	set(A64_X(5), 0x77);
	step(kicked);
	ok(get(A64_X(5)) == 0x77, "an instruction that was not executed has read nothing");
}

/* ---- arm64: exceptions ---- */

static void fault(void)
{
	set(A64_ELR_EL1, get(A64_PC));
	set(A64_SPSR_EL1, get(A64_PSTATE));
	set(A64_PSTATE, 0x3c5);
	set(A64_PC, VBAR + 0x200);
}

static void interrupt(void)
{
	fault();
	set(A64_PC, VBAR + 0x280);
}

static void test_exceptions(void)
{
	open_arm64(0x60000005);
	step(fault);
	ok(at_entry == 0x600000c5 && get(A64_SPSR_EL1) == 0x60000005, "an exception has saved the guest's own mask");
	ok(shown(A64_PSTATE) == 0x3c5 && !regfile_is_held(&v->regs), "... and its handler has that of a handler");
	step(next);
	is_int(sim->sets, 2, "... in which nothing is to be held back");
	set(A64_PC, CODE);
	set(A64_PSTATE, EL1H | I);
	regfile_drop(&v->regs);
	step(fault);
	is_int((int64_t)get(A64_SPSR_EL1), EL1H | I, "one bit of it was the guest's");
	set(A64_PC, CODE);
	set(A64_PSTATE, EL1H);
	regfile_drop(&v->regs);
	step(interrupt);
	ok(get(A64_SPSR_EL1) == (EL1H | IF), "what another vector has saved is left alone");
}

/* A breakpoint instruction of the guest's own, which verdict.c hands to its handler. */
static void test_own_breakpoint(void)
{
	const struct aarch64_debug_exit brk = { .hsr = 0xf2000007 };

	open_arm64(EL1H);
	memcpy(outcome.data, &brk, sizeof(brk));
	sim_set(sim, 0, A64_ID_AA64MMFR1_EL1, 0);
	sim_set(sim, 0, A64_ID_AA64PFR1_EL1, 0);
	ok(step(nothing) == STEP_EVENT, "a breakpoint instruction of the guest's own");
	ok(get(A64_PC) == VBAR + 0x200 && get(A64_SPSR_EL1) == EL1H, "its handler knows of no mask but the guest's");
	ok(shown(A64_PSTATE) == 0x3c5 && get(A64_PSTATE) == 0x3c5, "... and has its own");
}

/* ---- steps by planted opcodes ---- */

static void trap_behind(void)
{
	set(sim->arch->regs.pc, get(sim->arch->regs.pc) + 4);
	memcpy(outcome.data, &(uint64_t){ get(sim->arch->regs.pc) }, sizeof(uint64_t));
}

static void open_software(const struct arch *arch, uint64_t base)
{
	open_machine(arch, base, &(struct capabilities){ .planted = true });
	outcome = (struct vcpu_exit){ .reason = REASON_DEBUG };
	set(arch->regs.pc, base + 0x1000);
}

static void test_riscv64(void)
{
	open_software(&arch_riscv64, BASE);
	set(RV_SATP, 0);
	set(RV_SIE, 0x222);
	set(RV_MODE, RV_MODE_U);
	put(CODE, 0x13);	   /* nop */
	put(CODE + 4, 0x10402573); /* csrr a0, sie */
	put(CODE + 8, 0x10500073); /* wfi */
	ok(step(trap_behind) == STEP_EVENT && at_entry == 0 && shown(RV_SIE) == 0x222, "riscv64: held in sie");
	set(RV_X(10), 0);
	step(trap_behind);
	ok(at_entry == 0 && get(RV_X(10)) == 0x222, "riscv64: csrr reads the guest's own");
	step(trap_behind);
	ok(at_entry == 0x222 && get(RV_SIE) == 0x222, "riscv64: wfi waits for what the guest waits for");
}

static bool is_planted_at(uint64_t addr)
{
	return !memcmp(sim->ram + addr, sim->arch->trap.opcode.bytes, sim->arch->trap.opcode.size);
}

static bool saw_handlers;

static void look_and_trap(void)
{
	saw_handlers = is_planted_at(0x300) && is_planted_at(0x600) && is_planted_at(0x1004);
	trap_behind();
}

/* In real mode a load that is not aligned. */
static void misaligned(void)
{
	set(PPC_SRR0, get(PPC_PC));
	set(PPC_SRR1, get(PPC_MSR));
	set(PPC_PC, 0x600);
	set(PPC_MSR, PPC_MSR_SF | PPC_MSR_ME | PPC_MSR_LE);
	memcpy(outcome.data, &(uint64_t){ 0x600 }, sizeof(uint64_t));
}

static void test_ppc64(void)
{
	const uint64_t msr = PPC_MSR_SF | PPC_MSR_EE | PPC_MSR_ME | PPC_MSR_LE;

	open_software(&arch_ppc64le, 0);
	set(PPC_MSR, msr);
	put(0x1000, 0xe8640000); /* ld r3, 0(r4) */
	put(0x1004, 0xe8640000);
	put(0x300, 0x60000000);
	ok(step(look_and_trap) == STEP_EVENT && at_entry == (msr & ~PPC_MSR_EE), "ppc64: held in MSR.EE");
	ok(saw_handlers && !is_planted_at(0x300) && !is_planted_at(0x600), "ppc64: the step may end at a handler");
	ok(step(misaligned) == STEP_EVENT && v->stop.kind == STOP_SIGNAL, "ppc64: it does");
	ok(get(PPC_SRR1) == msr && shown(PPC_MSR) == (msr & ~PPC_MSR_EE), "ppc64: ... where the guest's own mask was saved");
	ok(!regfile_is_held(&v->regs), "ppc64: ... and is masked by the handler's");
	saw_handlers = true;
	put(0x600, 0xe8640000);
	step(look_and_trap);
	ok(!saw_handlers, "ppc64: with nothing held there is nothing to end at");
}

/* ---- 64-bit Power: into an address space ---- */

#define KERNEL 0xc000000000001100ull /* a page of 1 GiB: at 0x1100 */

static bool saw_end;

static void arrive(void)
{
	saw_end = is_planted_at(0x1100);
	set(PPC_MSR, get(PPC_SRR1));
	set(PPC_PC, KERNEL);
	memcpy(outcome.data, &(uint64_t){ KERNEL }, sizeof(uint64_t));
}

static void put_big(uint64_t addr, uint64_t value)
{
	put(addr, __builtin_bswap32((uint32_t)(value >> 32)));
	put(addr + 4, __builtin_bswap32((uint32_t)value));
}

static void test_ppc64_translation(void)
{
	char why[256] = "";

	open_software(&arch_ppc64le, 0);
	set(PPC_MSR, PPC_MSR_SF | PPC_MSR_ME | PPC_MSR_LE);
	set(PPC_SRR0, KERNEL);
	set(PPC_SRR1, get(PPC_MSR) | PPC_MSR_IR | PPC_MSR_DR);
	set(PPC_PROCESS_TABLE, 0);
	put(0x1000, 0x4c000024); /* rfid */
	is_int(step_plan(v, false, &(struct refusal){ why, sizeof(why) }), -EOPNOTSUPP,
		"ppc64: a step to where nobody knows where things are");
	ok(strstr(why, "0xc000000000001100, where the instruction leads") != NULL, "ppc64: ... is refused, with a sentence");
	set(PPC_PROCESS_TABLE, 1ull << 63 | 0x2000);
	put_big(0x2000, 2ull << 61 | 5ull << 5 | 13);
	put_big(0, 1ull << 63 | 0x3000 | 9);
	put_big(0x3000, 3ull << 62 | 7);
	regfile_drop(&v->regs);
	ok(step(arrive) == STEP_EVENT && v->stop.kind == STOP_SIGNAL && saw_end, "ppc64: a step into an address space");
	is_int(shown(PPC_PC), KERNEL, "ppc64: ... ends there");
	ok(!is_planted_at(0x1100), "ppc64: ... and nothing is left");
	is_int(v->regs.view.set(&v->regs.view, PPC_PROCESS_TABLE, 0), -EPERM,
		"ppc64: only the guest says where its tables are");
}

int main(void)
{
	test_steps();
	test_over();
	test_leaving();
	test_instructions();
	test_exceptions();
	test_own_breakpoint();
	test_riscv64();
	test_ppc64();
	test_ppc64_translation();
	return done();
}
