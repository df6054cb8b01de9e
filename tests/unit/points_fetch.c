/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints where the guest may not execute, to which a called function returns: on riscv64 and arm64 they are met at the handler of the
 * exception, which is taken back; on x86-64 by a debug register.
 */
#include <errno.h>

#include "arch/aarch64.h"
#include "arch/riscv64.h"
#include "arch/x86_64.h"
#include "run_rig.h"

#define BASE 0x80000000ull
#define TABLE(n) (BASE + 0x1000 * (n))
#define PAGE(n) (BASE + 0x10000 + 0x1000 * (n))
#define RAM 0x20000
#define SV39 (8ull << 60)
#define V_AD 0xc1
#define R_W 0x6
#define X 0x8
#define CODE 0x40201000ull
#define STACK 0x40202000ull
#define HANDLER 0x40203000ull
#define RETURN (STACK + 0x7f0)
#define EBREAK 0x9002
#define SIE (1ull << 1)
#define SPIE (1ull << 5)
#define SPP (1ull << 8)

static const struct target_ops *ops;

static void put(uint64_t pa, uint64_t value)
{
	memcpy(rig->sim->ram + (pa - BASE), &value, sizeof(value));
}

static uint16_t code_at(uint64_t pa)
{
	uint16_t code;

	memcpy(&code, rig->sim->ram + (pa - BASE), sizeof(code));
	return code;
}

static void set(uint64_t key, uint64_t value)
{
	sim_set(rig->sim, 0, key, value);
}

static uint64_t get(uint64_t key)
{
	return sim_get(rig->sim, 0, key);
}

static int set_break(uint64_t addr)
{
	return ops->set_point(&rig->machine, 1, POINT_SOFTWARE, addr, 4, NULL);
}

/* Code, a stack that may not be executed, and a handler. */
static void map(void)
{
	put(TABLE(0) + 8, TABLE(1) >> 12 << 10 | 1);
	put(TABLE(1) + 8, TABLE(2) >> 12 << 10 | 1);
	put(TABLE(2) + 8, PAGE(0) >> 12 << 10 | R_W | X | V_AD);
	put(TABLE(2) + 16, PAGE(1) >> 12 << 10 | R_W | V_AD);
	put(TABLE(2) + 24, PAGE(2) >> 12 << 10 | R_W | X | V_AD);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned at = 0; at < 0x1000; at += 8)
			put(PAGE(i) + at, 0x0000001300000013);
}

static void begin(void)
{
	static const struct capabilities caps = { .planted = true };

	open_machine(&arch_riscv64, 1, BASE, RAM, &caps, BATCH_AUTO);
	ops = rig->target.ops;
	map();
	set(RV_SATP, SV39 | TABLE(0) >> 12);
	set(RV_MODE, RV_MODE_S);
	set(RV_STVEC, HANDLER | 1);
	set(RV_SSTATUS, SIE);
	set(RV_SEPC, 0x11);
	set(RV_SCAUSE, 0x12);
	set(RV_STVAL, 0x13);
	set(RV_PC, CODE);
	set(RV_X(1), RETURN);
	ok(serve_first(), "a guest that is to return to its stack");
}

/* What the guest's runs come to: an exception of this cause and address, at whose handler it meets the opcode; the last one lasts. */
static struct {
	uint64_t cause, pc;
} faults[4];
static unsigned nfaults;

static void fault(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	const struct vcpu *v = rig->machine.guest.vcpus[vcpu];

	if (how == HOST_RUN && v->nends) { /* a step */
		sim_set(sim, vcpu, RV_PC, v->ends[0].addr);
		leave(sim, vcpu, EXIT_KVM);
		return;
	}
	if (how != HOST_RUN || !faults[nfaults].pc)
		return;
	sim_set(sim, vcpu, RV_SCAUSE, faults[nfaults].cause);
	sim_set(sim, vcpu, RV_SEPC, faults[nfaults].pc);
	sim_set(sim, vcpu, RV_STVAL, faults[nfaults].pc);
	sim_set(sim, vcpu, RV_SSTATUS, SPIE | SPP);
	sim_set(sim, vcpu, RV_PC, HANDLER);
	leave(sim, vcpu, EXIT_KVM);
	nfaults++;
}

static void run_into(uint64_t cause, uint64_t first, uint64_t second)
{
	memset(faults, 0, sizeof(faults));
	nfaults = 0;
	faults[0].cause = cause;
	faults[0].pc = first;
	faults[1].cause = 12;
	faults[1].pc = second;
	rig->sim->vcpu[0].on_run = fault;
	is_int(go(RESUME_CONTINUE), 0, "it goes on");
	ok(wait_stop(), "... and stops");
}

static void returned(void)
{
	ok(stop()->kind == STOP_SWBREAK && get(RV_PC) == RETURN, "at the breakpoint where it was to return to");
	ok(get(RV_MODE) == RV_MODE_S && get(RV_SSTATUS) == SIE, "as it was before the exception");
	ok(get(RV_SEPC) == 0x11 && get(RV_SCAUSE) == 0x12 && get(RV_STVAL) == 0x13, "of which nothing is left");
}

static void met_at_the_handler(void)
{
	uint16_t seen;

	begin();
	is_int(set_break(RETURN), 0, "a breakpoint there");
	ok(code_at(PAGE(1) + 0x7f0) != EBREAK && code_at(PAGE(2)) == EBREAK, "is planted at the handler");
	ok(ops->read_mem(&rig->machine, 1, HANDLER, &seen, 2) == 2 && seen == 0x13, "where nobody reads it");
	run_into(12, RETURN, 0);
	returned();
	is_int(set_break(RETURN), 0, "once more");
	run_into(13, CODE + 8, RETURN);
	is_int((int)nfaults, 2, "another exception goes to the handler");
	returned();
	is_int(ops->clear_point(&rig->machine, 1, POINT_SOFTWARE, RETURN, 4), 0, "cleared");
	ok(code_at(PAGE(2)) == 0x13, "it is out");
	machine_release(&rig->machine, false);
}

static void elsewhere(void)
{
	begin();
	is_int(set_break(STACK + 0x100), 0, "a breakpoint that no function returns to");
	ok(code_at(PAGE(1) + 0x100) == EBREAK && code_at(PAGE(2)) != EBREAK, "is planted where it is");
	ok(set_break(RETURN - 0x10000000) == -EFAULT, "and refused where nothing is mapped");
	set(RV_STVEC, 0x1000);
	regfile_drop(&rig->machine.guest.vcpus[0]->regs);
	ok(set_break(RETURN) < 0, "without a handler there is no way back");
	is_str(ops->why(&rig->machine),
		"no breakpoint at 0x402027f0, where the guest may not execute: the guest has no handler for that; "
		"a function called would not come back",
		"and that is said");
	machine_release(&rig->machine, false);
}

#define NX (1ull << 63)
#define LONG_MODE 0xd00ull /* EFER.LME, LMA, NXE */

static bool in_register(unsigned n)
{
	return !rig->machine.guest.points.point[n].place;
}

/* The fetch comes after what a debug register says: it needs no handler. */
static void x86(void)
{
	static const struct capabilities caps = {
		.step = true, .planted = true, .exec = true, .exec_slots = 2, .shared_slots = true
	};

	open_machine(&arch_x86_64, 1, BASE, RAM, &caps, BATCH_AUTO);
	ops = rig->target.ops;
	put(TABLE(0), TABLE(1) | 3);
	put(TABLE(1) + 8, TABLE(2) | 3);
	put(TABLE(2) + 8, TABLE(3) | 3);
	put(TABLE(3) + 8, PAGE(0) | 3);
	put(TABLE(3) + 16, PAGE(1) | 3 | NX);
	set(X86_CR0, 1ull << 31 | 1);
	set(X86_CR3, TABLE(0));
	set(X86_CR4, 1 << 5);
	set(X86_EFER, LONG_MODE);
	set(X86_RIP, CODE);
	set(X86_RSP, STACK + 0x800);
	put(PAGE(1) + 0x800, STACK + 0x7f7);
	serve_first();
	is_int(set_break(CODE), 0, "x86-64: where code is");
	ok(!in_register(0), "an opcode is planted");
	is_int(set_break(STACK + 0x10), 0, "where none may be executed");
	is_int(set_break(STACK + 0x20), 0, "twice");
	ok(in_register(1) && in_register(2), "it takes a debug register");
	is_int(set_break(STACK + 0x30), 0, "a third one");
	ok(!in_register(3), "which waits in memory for the page to become code");
	is_int(set_break(STACK + 0x7f7), -EFAULT, "but not where a function returns to");
	is_str(ops->why(&rig->machine),
		"no breakpoint at 0x402027f7, where the guest may not execute: no debug register is free; "
		"a function called would not come back",
		"which is said");
	ops->clear_point(&rig->machine, 1, POINT_SOFTWARE, STACK + 0x10, 1);
	is_int(set_break(STACK + 0x7f7), 0, "that takes the one that has become free");
	machine_release(&rig->machine, false);
}

/* Nothing is mapped there at all. */
static void arm64(void)
{
	static const struct capabilities caps = { .step = true, .planted = true, .exec = true, .exec_slots = 6 };

	open_machine(&arch_aarch64, 1, BASE, RAM, &caps, BATCH_AUTO);
	ops = rig->target.ops;
	set(A64_PSTATE, A64_MODE_EL1H);
	set(A64_SCTLR_EL1, 0);
	set(A64_VBAR_EL1, BASE + 0x1000);
	serve_first();
	is_int(set_break(BASE + 0x2000), 0, "arm64: where all may be executed");
	ok(!rig->machine.guest.points.point[0].barred && rig->machine.guest.points.point[0].place, "it is planted there");
	ops->clear_point(&rig->machine, 1, POINT_SOFTWARE, BASE + 0x2000, 4);
	set(A64_SCTLR_EL1, 1);
	set(A64_TCR_EL1, 1ull << 7 | 1ull << 23); /* EPD0, EPD1: no walks */
	regfile_drop(&rig->machine.guest.vcpus[0]->regs);
	is_int(set_break(0x1000), 0, "where nothing is mapped");
	ok(!rig->machine.guest.points.point[0].place, "a debug register waits for it");
	machine_release(&rig->machine, false);
}

static void undone(void)
{
	static const uint64_t was[] = { 1, 2, 3, 4 };
	struct view *v = &rig->machine.guest.vcpus[0]->regs.view;

	regfile_drop(&rig->machine.guest.vcpus[0]->regs);
	set(A64_ELR_EL1, 0x4000);
	set(A64_SPSR_EL1, 0x600003c5);
	set(A64_ESR_EL1, 0x86000004);
	set(A64_FAR_EL1, 0x4000);
	is_int(aarch64_fetch.undo(v, 0x4004, was), 0, "another address");
	is_int(aarch64_fetch.undo(v, 0x4000, was), 1, "an instruction abort is taken back");
	ok(get(A64_PC) == 0x4000 && get(A64_PSTATE) == 0x600003c5, "it is where it was");
	ok(get(A64_ELR_EL1) == 1 && get(A64_SPSR_EL1) == 2 && get(A64_ESR_EL1) == 3 && get(A64_FAR_EL1) == 4,
		"with what it had");
	set(A64_ELR_EL1, 0x4000);
	set(A64_ESR_EL1, 0x96000004);
	regfile_drop(&rig->machine.guest.vcpus[0]->regs);
	is_int(aarch64_fetch.undo(v, 0x4000, was), 0, "but no data abort");
}

int main(void)
{
	met_at_the_handler();
	elsewhere();
	arm64();
	undone();
	x86();
	return done();
}
