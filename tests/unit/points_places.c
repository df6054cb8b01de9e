/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which breakpoint is meant is a matter of place: two address spaces have the same virtual address, two virtual addresses lead to one
 * page, and a reset brings other code. The guest is riscv64's, which has no debug registers, and once arm64's, which has.
 */
#include <errno.h>

#include "arch/aarch64.h"
#include "arch/riscv64.h"
#include "run_rig.h"

#define BASE 0x80000000ull
#define TABLE(n) (BASE + 0x1000 * (n))
#define PAGE(n) (BASE + 0x10000 + 0x1000 * (n))
#define RAM 0x20000
#define SV39 (8ull << 60)
#define LEAF 0xcf  /* V R W X A D */
#define BRANCH 0x1 /* V */
#define VA 0x40201000ull
#define ALIAS 0x40202000ull
#define HANDLER 0x40203000ull
#define NOP 0x0013
#define EBREAK 0x9002

static const struct target_ops *ops;
static _Atomic unsigned done_runs;
static _Atomic bool lasts; /* the run under way ends with a kick */

static void put(uint64_t pa, uint64_t value)
{
	memcpy(rig->sim->ram + (pa - BASE), &value, sizeof(value));
}

static void put_code(uint64_t pa, uint16_t code)
{
	memcpy(rig->sim->ram + (pa - BASE), &code, sizeof(code));
}

static uint16_t code_at(uint64_t pa)
{
	uint16_t code;

	memcpy(&code, rig->sim->ram + (pa - BASE), sizeof(code));
	return code;
}

/* An address space of three tables from number n on: VA is in this page. */
static void map(unsigned n, unsigned page)
{
	put(TABLE(n) + 8, TABLE(n + 1) >> 12 << 10 | BRANCH);
	put(TABLE(n + 1) + 8, TABLE(n + 2) >> 12 << 10 | BRANCH);
	put(TABLE(n + 2) + 8, PAGE(page) >> 12 << 10 | LEAF);
}

static void map_alias(unsigned n, unsigned page)
{
	put(TABLE(n + 2) + 16, PAGE(page) >> 12 << 10 | LEAF);
}

static void in_space(unsigned n)
{
	sim_set(rig->sim, 0, RV_SATP, SV39 | TABLE(n) >> 12);
}

static void begin(bool software)
{
	const struct capabilities caps = { .step = !software, .planted = true };

	done_runs = 0;
	open_machine(&arch_riscv64, 1, BASE, RAM, &caps, BATCH_AUTO);
	ops = rig->target.ops;
	memset(rig->sim->ram, 0, RAM);
	for (unsigned i = 0; i < 16; i++)
		put(PAGE(i / 8) + i % 8 * 4, 0x13 + 0x100000 * i);
	map(0, 0);
	map(4, 1);
	in_space(0);
	sim_set(rig->sim, 0, RV_MODE, RV_MODE_S);
	sim_set(rig->sim, 0, RV_STVEC, HANDLER);
	sim_set(rig->sim, 0, RV_PC, VA + 0x100);
	ok(serve_first(), "a guest with two address spaces, stepped by %s", software ? "planted opcodes" : "KVM");
}

static int set_break(uint64_t addr)
{
	return ops->set_point(&rig->machine, 1, POINT_SOFTWARE, addr, 4, NULL);
}

static void clear_break(uint64_t addr)
{
	ops->clear_point(&rig->machine, 1, POINT_SOFTWARE, addr, 4);
}

/* The guest's pc is there, at an opcode; the run after that is the next of these, and the last one lasts. */
static uint64_t traps_at[4];

/* A step, by KVM or by planted opcodes, ends where it should. */
static bool steps(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	const struct vcpu *v = rig->machine.guest.vcpus[vcpu];

	if (how == HOST_STEP) {
		leave(sim, vcpu, EXIT_IO_DONE);
	} else if (how == HOST_RUN && v->nends) {
		sim_set(sim, vcpu, RV_PC, v->ends[0].addr);
		leave(sim, vcpu, EXIT_KVM);
	}
	return how != HOST_RUN || v->nends;
}

static void traps(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (steps(sim, vcpu, how))
		return;
	if (!traps_at[done_runs]) {
		lasts = true;
		return;
	}
	sim_set(sim, vcpu, RV_PC, traps_at[done_runs++]);
	leave(sim, vcpu, EXIT_KVM);
}

static void run_into(uint64_t first, uint64_t second)
{
	done_runs = 0;
	lasts = false;
	traps_at[0] = first;
	traps_at[1] = second;
	traps_at[2] = 0;
	rig->sim->vcpu[0].on_run = traps;
	go(RESUME_CONTINUE);
}

static uint64_t pc(void)
{
	return sim_get(rig->sim, 0, RV_PC);
}

/* It runs on, and is called back: true when nothing has stopped it before. */
static bool runs_on(void)
{
	bool stopped;

	comes_true(lasts || has_stopped());
	stopped = has_stopped();
	if (!stopped)
		interrupt_guest();
	return wait_stop() && !stopped;
}

static bool is_handled(uint64_t epc)
{
	return runs_on() && stop()->signal == GDB_SIGNAL_INT && pc() == HANDLER && sim_get(rig->sim, 0, RV_SEPC) == epc;
}

static void goes_to_other_space(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how != HOST_SETTLE && traps_at[done_runs])
		in_space(4);
	traps(sim, vcpu, how);
}

static void test_other_space(void)
{
	begin(false);
	put_code(PAGE(1), EBREAK);
	ok(!set_break(VA) && code_at(PAGE(0)) == EBREAK, "a breakpoint in the one");
	lasts = false;
	traps_at[0] = VA;
	traps_at[1] = 0;
	rig->sim->vcpu[0].on_run = goes_to_other_space;
	go(RESUME_CONTINUE);
	ok(is_handled(VA), "the other's own breakpoint, at the same address, goes to the guest");
	in_space(0);
	run_into(VA, 0);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && pc() == VA, "the debugger's is the debugger's");
	machine_release(&rig->machine, false);
	ok(code_at(PAGE(0)) == NOP && code_at(PAGE(1)) == EBREAK, "each has its own back");
}

static void test_alias(void)
{
	begin(false);
	map_alias(0, 0);
	ok(!set_break(VA), "a breakpoint");
	run_into(ALIAS, 0);
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_TRAP, "met by another address");
	is_str(stop()->text ? stop()->text : "", "at the breakpoint of 0x40201000, where the pc is 0x40202000",
		"... is told with both");
	ok(!set_break(ALIAS) && code_at(PAGE(0)) == EBREAK, "one there is the same place");
	clear_break(VA);
	is_int(code_at(PAGE(0)), EBREAK, "... which is kept for it");
	run_into(ALIAS, 0);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && !stop()->text, "... and is met as its own");
	ok(!set_break(VA), "both again");
	run_into(ALIAS, 0);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "... which is met is told by the pc");
	machine_release(&rig->machine, false);
	is_int(code_at(PAGE(0)), NOP, "... and nothing is left");
}

static bool was_lifted;

static void looks_at_opcode(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	was_lifted |= code_at(PAGE(0)) == NOP;
	steps(sim, vcpu, how);
}

static void test_over_alias(void)
{
	begin(false);
	map_alias(0, 0);
	set_break(VA);
	sim_set(rig->sim, 0, RV_PC, ALIAS);
	regfile_forget(&rig->machine.guest.vcpus[0]->regs);
	rig->machine.guest.vcpus[0]->at_point = AT_REPORTED;
	rig->sim->vcpu[0].on_run = looks_at_opcode;
	go(RESUME_STEP);
	ok(wait_stop() && was_lifted && code_at(PAGE(0)) == EBREAK,
		"stepped over by another address, the opcode is out meanwhile");
	machine_release(&rig->machine, false);
}

/* The guest puts a longer ebreak over ours: that one is its own. Had it just done so, ours would have been met. */
static void test_written_over(void)
{
	begin(false);
	set_break(VA);
	put_code(PAGE(0), 0x0073);
	put_code(PAGE(0) + 2, 0x0010);
	run_into(VA, VA);
	ok(is_handled(VA), "a breakpoint that the guest has put over ours is its own");
	is_int(done_runs, 2, "... when it is met once more");
	put_code(PAGE(0), NOP);
	run_into(VA, 0);
	ok(runs_on() && pc() == VA, "what the guest has written just after we met ours is executed");
	ok(!set_break(VA) && code_at(PAGE(0)) == EBREAK, "set again, the breakpoint is there again");
	machine_release(&rig->machine, false);
}

static void test_no_translation(void)
{
	begin(false);
	set_break(VA);
	put(TABLE(1) + 8, 0x200000000ull >> 12 << 10 | BRANCH);
	run_into(VA, 0);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "with tables that cannot be read the address tells which it is");
	is_int(set_break(VA + 4), -EIO, "... and no other can be set");
	machine_release(&rig->machine, false);
	is_int(code_at(PAGE(0)), NOP, "... and it goes");
}

/* ---- ends of steps ---- */

static void stores_over_end(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how != HOST_RUN || traps_at[done_runs])
		return;
	put_code(PAGE(0) + 4, 0x8082);
	sim_set(sim, vcpu, RV_PC, VA + 8);
	lasts = true;
}

static void ends_by_alias(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how == HOST_RUN) {
		sim_set(sim, vcpu, RV_PC, ALIAS + 4);
		leave(sim, vcpu, EXIT_KVM);
	}
}

static void in_other_space(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how != HOST_RUN || done_runs++)
		return;
	in_space(4);
	sim_set(sim, vcpu, RV_PC, VA + 4);
	leave(sim, vcpu, EXIT_KVM);
}

static void stand_at(uint64_t addr)
{
	in_space(0);
	sim_set(rig->sim, 0, RV_PC, addr);
	regfile_forget(&rig->machine.guest.vcpus[0]->regs);
}

static void step_with(void (*on_run)(struct sim_host *, unsigned, enum host_run))
{
	stand_at(VA);
	lasts = false;
	traps_at[0] = 0;
	done_runs = 0;
	rig->sim->vcpu[0].on_run = on_run;
	go(RESUME_STEP);
}

static void test_ends(void)
{
	begin(true);
	map_alias(0, 0);
	step_with(stores_over_end);
	ok(runs_on() && code_at(PAGE(0) + 4) == 0x8082, "what the guest stores over the end of its step stays");
	put_code(PAGE(0) + 4, NOP);
	step_with(ends_by_alias);
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && code_at(PAGE(0) + 4) == NOP, "an end is met by whatever address");
	put_code(PAGE(1) + 4, EBREAK);
	step_with(in_other_space);
	ok(wait_stop() && pc() == HANDLER && sim_get(rig->sim, 0, RV_SEPC) == VA + 4,
		"another address space's own breakpoint is no end of a step, which is over in its handler");
	ok(code_at(PAGE(0) + 4) == NOP, "... and nothing is left");
	stand_at(VA);
	set_break(VA + 4);
	step_with(ends_by_alias);
	ok(wait_stop() && code_at(PAGE(0) + 4) == EBREAK, "a breakpoint at the end of a step stays in");
	machine_release(&rig->machine, false);
	is_int(code_at(PAGE(0) + 4), NOP, "... and is out in the end");
}

/* ---- a reset ---- */

static struct host_ops my_ops;
static uint8_t image[RAM];

static int load_image(struct host *h, char *error, size_t size)
{
	(void)h, (void)error, (void)size;
	memcpy(rig->sim->ram, image, RAM);
	return 0;
}

static int load_image_riscv64(struct host *h, char *error, size_t size)
{
	sim_set(rig->sim, 0, RV_SATP, 0);
	sim_set(rig->sim, 0, RV_PC, BASE);
	return load_image(h, error, size);
}

static void resets(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how != HOST_SETTLE && !done_runs++)
		leave(sim, vcpu, EXIT_RESET);
}

static void reset_and_go(int (*reset)(struct host *, char *, size_t))
{
	my_ops = *rig->sim->host.ops;
	my_ops.reset = reset;
	rig->sim->host.ops = &my_ops;
	done_runs = 0;
	rig->sim->vcpu[0].on_run = resets;
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_RESET, "a reset");
	go(RESUME_CONTINUE);
	comes_true(done_runs > 1);
	interrupt_guest();
	wait_stop();
}

static void test_reset(void)
{
	begin(false);
	memcpy(image, rig->sim->ram, RAM);
	set_break(VA);
	reset_and_go(load_image_riscv64);
	is_int(code_at(PAGE(0)), EBREAK, "where the code is the same again, so is its breakpoint");
	in_space(0);
	memset(image, 0x55, RAM);
	reset_and_go(load_image_riscv64);
	is_int(code_at(PAGE(0)), 0x5555, "where something else is, nothing is planted");
	go(RESUME_CONTINUE);
	interrupt_guest();
	ok(wait_stop() && rig->machine.guest.points.waiting == 1, "it waits");
	memset(rig->sim->ram, 0, RAM);
	map(0, 2);
	put_code(PAGE(2), NOP);
	in_space(0);
	regfile_forget(&rig->machine.guest.vcpus[0]->regs);
	go(RESUME_CONTINUE);
	interrupt_guest();
	ok(wait_stop() && code_at(PAGE(2)) == EBREAK, "... until its address is mapped again as the guest is resumed");
	clear_break(VA);
	ok(code_at(PAGE(2)) == NOP && !rig->machine.guest.points.waiting && !rig->machine.guest.points.planted,
		"... and goes like any other");
}

static void test_reset_waiting(void)
{
	begin(false);
	memset(image, 0x55, RAM);
	set_break(VA);
	reset_and_go(load_image_riscv64);
	is_int(set_break(VA), -EFAULT, "one that waits is not set where it is not mapped");
	is_int(rig->machine.guest.points.n, 0, "... and is gone then");
	machine_release(&rig->machine, false);
	is_int(code_at(PAGE(0)), 0x5555, "... without a trace");
}

static void test_reset_register(void)
{
	const struct capabilities caps = { .step = true, .planted = true, .exec = true, .exec_slots = 1 };

	open_machine(&arch_aarch64, 1, BASE, RAM, &caps, BATCH_AUTO);
	ops = rig->target.ops;
	sim_set(rig->sim, 0, A64_SCTLR_EL1, 0);
	sim_set(rig->sim, 0, A64_PSTATE, A64_MODE_EL1H);
	serve_first();
	memset(rig->sim->ram, 0x11, RAM);
	ok(!set_break(PAGE(0)) && !set_break(PAGE(1)), "two breakpoints, and a debug register");
	memset(image, 0x22, RAM);
	reset_and_go(load_image);
	ok(code_at(PAGE(0)) == 0x2222 && code_at(PAGE(1)) == 0x2222, "after the reset other code is there");
	ok(!rig->machine.guest.points.point[0].waits && rig->machine.guest.points.point[1].waits,
		"the first takes the register, the second waits");
	machine_release(&rig->machine, false);
}

/* ---- what is offered ---- */

/* A bit for each type of point. */
static unsigned offered(const struct capabilities *caps)
{
	unsigned types = 0;

	open_machine(&arch_riscv64, 1, BASE, RAM, caps, BATCH_AUTO);
	for (unsigned i = 0; i < POINT_TYPES; i++)
		types |= (unsigned)rig->target.ops->has_points(&rig->machine, i) << i;
	return types;
}

static void test_offered(void)
{
	is_int(offered(&(struct capabilities){ .step = true }), 0, "KVM does nothing: no point is offered");
	is_int(offered(&(struct capabilities){ .planted = true }), 1 << POINT_SOFTWARE, "an opcode: `break`");
	is_int(offered(&(struct capabilities){ .exec = true }), 1 << POINT_SOFTWARE | 1 << POINT_HARDWARE,
		"a debug register: `hbreak`, and `break` by it");
	is_int(offered(&(struct capabilities){ .watch = { [POINT_WRITE] = true } }), 1 << POINT_WRITE,
		"what is seen to be watched: `watch`");
}

int main(void)
{
	test_offered();
	test_other_space();
	test_alias();
	test_over_alias();
	test_written_over();
	test_no_translation();
	test_ends();
	test_reset();
	test_reset_waiting();
	test_reset_register();
	return done();
}
