/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with debug registers of its own, stepped, and run with points of the debugger's (x86): its hits become its own exceptions,
 * once, the debugger's stay the debugger's, and what finds no room is told of.
 */
#include <string.h>

#include "arch/x86_64.h"
#include "run_rig.h"

#define RAM 0x10000
#define CODE 0x1000
#define HANDLER 0x2000 /* of #DB, in real mode: of the vector 1 of the table at 0 */
#define DATA 0x3000
#define OWN_DATA 0x4000
#define DR6_BS 0x4000u
#define DR6_CLEAR 0xffff0ff0u
#define OWN_NR 2 /* the guest's own is DR2, a write watchpoint of 4 bytes */
#define OWN_DR7 (0x400 | 2ull << (2 * OWN_NR) | 0xdull << (16 + 4 * OWN_NR))

/* The exits of the runs to come, and what KVM had been told when each of them began. */
static struct {
	struct vcpu_exit exits[8];
	uint64_t pc[8];
	unsigned n, done;
	uint32_t control[8];
	struct x86_debug regs[8];
} script;

static void on_run(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	struct sim_vcpu *v = &sim->vcpu[vcpu];

	(void)how;
	if (script.done == script.n)
		return;
	script.control[script.done] = v->debug_control;
	memcpy(&script.regs[script.done], v->debug, sizeof(script.regs[0]));
	sim_set(sim, vcpu, X86_RIP, script.pc[script.done]);
	v->exits = &script.exits[script.done++];
	v->nexits = 1;
}

static void add_exit(uint64_t dr6, uint64_t pc)
{
	struct x86_debug_exit e = { .exception = 1, .dr6 = DR6_CLEAR | dr6, .pc = pc };
	struct vcpu_exit *exit = &script.exits[script.n];

	*exit = (struct vcpu_exit){ .kind = EXIT_KVM, .reason = 4 /* KVM_EXIT_DEBUG */ };
	memcpy(exit->data, &e, sizeof(e));
	script.pc[script.n++] = pc;
}

static void begin(uint64_t dr7)
{
	rig->target.ops->restart(&rig->machine);
	memset(&script, 0, sizeof(script));
	sim_set(rig->sim, 0, X86_RIP, CODE);
	sim_set(rig->sim, 0, X86_DR(OWN_NR), OWN_DATA);
	sim_set(rig->sim, 0, X86_DR6, DR6_CLEAR);
	sim_set(rig->sim, 0, X86_DR7, dr7);
}

static bool run(enum resume_kind kind)
{
	return !go(kind) && wait_stop();
}

static bool is_trap(void)
{
	return stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_TRAP;
}

static bool gives_db(unsigned i)
{
	return script.control[i] & X86_DEBUG_INJECT_DB;
}

/* KVM has the handler's address in a register, to execute: the step ends there. */
static bool ends_at_handler(unsigned i, unsigned slot)
{
	return script.control[i] & X86_DEBUG_USE_HW_BP && script.regs[i].debugreg[slot] == HANDLER &&
	       !(script.regs[i].debugreg[7] >> (16 + 4 * slot) & 15);
}

static void test_stepped(void)
{
	begin(OWN_DR7);
	add_exit(DR6_BS | 1u << OWN_NR, CODE + 1);
	add_exit(1, HANDLER);
	ok(run(RESUME_STEP) && is_trap() && script.done == 1, "a step meets the guest's own watchpoint: it is complete");
	is_int(script.control[0] & X86_DEBUG_USE_HW_BP, 0, "... KVM was told of no register");
	is_int(sim_get(rig->sim, 0, X86_DR6), DR6_CLEAR | 1u << OWN_NR, "... the guest is told of its own hit, and of no step");
	ok(run(RESUME_STEP) && is_trap() && script.done == 2, "the next step");
	ok(gives_db(1) && ends_at_handler(1, 0), "... leads to the guest's handler, and ends there");
	is_int(script.regs[1].debugreg[1], OWN_DATA, "... while its own is still watched");
	begin(0x400);
	add_exit(DR6_BS | 1u << OWN_NR, CODE + 1);
	add_exit(DR6_BS, CODE + 2);
	ok(run(RESUME_STEP) && run(RESUME_STEP) && !gives_db(1), "a bit of DR6 whose register is not in use is no hit");
	is_int(sim_get(rig->sim, 0, X86_DR6), DR6_CLEAR, "... and the guest hears nothing of it");
}

static void test_written(void)
{
	begin(OWN_DR7);
	add_exit(DR6_BS | 1u << OWN_NR, CODE + 1);
	add_exit(1, HANDLER);
	run(RESUME_STEP);
	rig->machine.guest.vcpus[0]->regs.view.set(&rig->machine.guest.vcpus[0]->regs.view, X86_RBX, 1);
	ok(run(RESUME_STEP) && gives_db(1), "KVM forgets an exception when a register is written, and is told again");
}

/* Software breakpoints take a register here, and ones that are met are stepped over. */
static void test_running(void)
{
	const struct target_ops *ops = rig->target.ops;

	begin(OWN_DR7);
	ops->set_point(&rig->machine, 1, POINT_WRITE, DATA, 8, NULL);
	add_exit(2, CODE + 4);
	add_exit(1, CODE + 8);
	ok(run(RESUME_CONTINUE) && stop()->kind == STOP_WATCH && stop()->addr == DATA, "a watchpoint of the debugger's");
	ok(script.regs[0].debugreg[0] == DATA && script.regs[0].debugreg[1] == OWN_DATA &&
			script.regs[0].debugreg[7] == 0xd9040a,
		"... with the guest's behind it");
	ok(script.done == 2 && gives_db(1), "... whose hit before was the guest's alone");
	is_int(sim_get(rig->sim, 0, X86_DR6), DR6_CLEAR | 1u << OWN_NR, "... by the number that it knows");
	begin(OWN_DR7);
	ops->set_point(&rig->machine, 1, POINT_WRITE, DATA, 8, NULL);
	add_exit(3, CODE + 4);
	add_exit(1, CODE + 8);
	ok(run(RESUME_CONTINUE) && stop()->kind == STOP_WATCH && script.done == 1, "both at once: the debugger's is reported");
	ok(run(RESUME_CONTINUE) && gives_db(1), "... and the guest has its own when it goes on");
	begin(OWN_DR7);
	ops->set_point(&rig->machine, 1, POINT_HARDWARE, CODE + 4, 1, NULL);
	add_exit(3, CODE + 4);
	add_exit(1, CODE + 4);
	ok(run(RESUME_CONTINUE) && stop()->kind == STOP_HWBREAK && script.done == 2 && gives_db(1),
		"its own trap comes before the breakpoint on the next instruction, which is met behind it");
	ops->clear_point(&rig->machine, 1, POINT_HARDWARE, CODE + 4, 1);
	ops->clear_point(&rig->machine, 1, POINT_WRITE, DATA, 8);
}

static void test_displaced(void)
{
	const struct target_ops *ops = rig->target.ops;
	char text[GUEST_TEXT_MAX + 1] = "";

	begin(OWN_DR7);
	for (unsigned i = 0; i < 4; i++)
		ops->set_point(&rig->machine, 1, POINT_WRITE, DATA + 8 * i, 8, NULL);
	add_exit(1, CODE + 4);
	add_exit(1, CODE + 8);
	ok(run(RESUME_CONTINUE) && stop()->kind == STOP_WATCH && script.regs[0].debugreg[3] == DATA + 24,
		"no room for the guest's own");
	ok(threads_text(&rig->machine.guest, text) && strstr(text, "debug registers of the guest's own: 2 (vCPU 0)"),
		"... it is told of");
	ok(run(RESUME_CONTINUE) && !threads_text(&rig->machine.guest, text), "... once");
	for (unsigned i = 0; i < 4; i++)
		ops->clear_point(&rig->machine, 1, POINT_WRITE, DATA + 8 * i, 8);
	add_exit(DR6_BS, CODE + 9);
	ok(run(RESUME_STEP) && !(script.control[2] & X86_DEBUG_USE_HW_BP), "it has them back when the debugger's are gone");
}

int main(void)
{
	static const struct capabilities caps = {
		.step = true,
		.exec = true,
		.watch = { [POINT_WRITE] = true },
		.exec_slots = 4,
		.watch_slots = 4,
		.shared_slots = true,
	};
	static const uint64_t zero[] = { X86_CR0, X86_CR3, X86_CR4, X86_EFER, X86_CS_BASE, X86_CS_L, X86_IDT_BASE, X86_RFLAGS };

	open_machine(&arch_x86_64, 1, 0, RAM, &caps, BATCH_ONE);
	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		sim_set(rig->sim, 0, zero[i], 0);
	sim_set(rig->sim, 0, X86_IDT_LIMIT, 0x3ff);
	memset(rig->sim->ram, 0, 0x400);
	memset(rig->sim->ram + CODE, 0x90, 0x100);
	memcpy(rig->sim->ram + 4, (const uint8_t[]){ 0x00, 0x00, 0x00, 0x02 }, 4);
	rig->sim->vcpu[0].on_run = on_run;
	ok(serve_first(), "a guest, stopped");
	test_stepped();
	test_written();
	test_running();
	test_displaced();
	return done();
}
