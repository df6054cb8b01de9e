/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A breakpoint that is not to be reported, or was, on an instruction that is carried out in place of the processor: the opcode stays in, no
 * other vCPU makes way, and the vCPU is behind it. And when it has to be stepped over all the same. The processor is on_run(): it goes in a
 * circle from the breakpoint to the breakpoint.
 */
#include <string.h>

#include "arch/x86_64.h"
#include "run_rig.h"

#define RAM 0x10000
#define CODE 0x1000
#define TABLES 0x2000
#define STACK 0x8000
#define ELSEWHERE 0x6000
#define WATCHED 0x7000
#define HITS 20
#define INT3 0xcc

static const struct point_code never[] = { { .bytes = (const uint8_t[]){ 0x22, 0, 0x27 }, .size = 3 } };
static const struct point_programs false_condition = { .code = never, .nconditions = 1 };

static const uint8_t push[] = { 0x55 }, load[] = { 0x48, 0x8b, 0x07 };
static size_t size;
static _Atomic unsigned laps, passed, steps, lifted;

static void meets(struct sim_host *sim)
{
	struct x86_debug_exit e = { .exception = 3, .pc = CODE };

	leave(sim, 0, EXIT_KVM);
	memcpy(rig->exit[0].data, &e, sizeof(e));
}

/* vCPU 0: behind the breakpoint it comes back to it, so many times; then it stays in the guest until it is called out. */
static void circle(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	uint64_t pc = sim_get(sim, vcpu, X86_RIP);

	lifted += sim->ram[CODE] != INT3;
	if (how == HOST_STEP) {
		steps++;
		sim_set(sim, vcpu, X86_RIP, CODE + size);
		leave(sim, vcpu, EXIT_IO_DONE);
		return;
	}
	passed += pc == CODE + size;
	if (laps >= HITS)
		return;
	laps++;
	sim_set(sim, vcpu, X86_RIP, CODE);
	sim_set(sim, vcpu, X86_RSP, STACK);
	meets(sim);
}

static void set_vcpu(unsigned vcpu, uint64_t rip)
{
	const struct view_value values[] = {
		{ X86_RIP, rip },
		{ X86_RSP, STACK },
		{ X86_RFLAGS, 2 },
		{ X86_CR0, 0x80000011 },
		{ X86_CR3, TABLES },
		{ X86_CR4, 0x20 },
		{ X86_EFER, 0x500 },
		{ X86_CS_L, 1 },
		{ X86_SS_DPL, 0 },
		{ X86_DR7, 0x400 },
		{ KEY_BLOCK(X86_EVENTS, 4, 0), 0 },
		{ KEY_BLOCK(X86_EVENTS, 4, 8), 0 },
		{ KEY_BLOCK(X86_EVENTS, 4, 12), 0 },
	};

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sim_set(rig->sim, vcpu, values[i].key, values[i].value);
}

/* Two vCPUs, the second one elsewhere; vCPU 0 comes to the instruction, where the breakpoint is to be. */
static void begin(const uint8_t *code, size_t len)
{
	static const struct capabilities caps = {
		.step = true, .planted = true, .watch[POINT_WRITE] = true, .watch_slots = 4, .shared_slots = true
	};
	const uint64_t entries[] = { (TABLES + 0x1000) | 0x23, (TABLES + 0x2000) | 0x23, 0xe3 };

	laps = passed = steps = lifted = 0;
	size = len;
	open_machine(&arch_x86_64, 2, 0, RAM, &caps, BATCH_AUTO);
	ok(serve_first(), "two vCPUs");
	for (unsigned i = 0; i < 3; i++)
		memcpy(rig->sim->ram + TABLES + 0x1000 * i, &entries[i], sizeof(entries[i]));
	memcpy(rig->sim->ram + CODE, code, len);
	set_vcpu(0, CODE + 0x100);
	set_vcpu(1, ELSEWHERE);
	rig->sim->vcpu[0].on_run = circle;
}

static void set_point(enum point_type type, uint64_t addr, const struct point_programs *programs)
{
	is_int(rig->target.ops->set_point(&rig->machine, 1, type, addr, 1, programs), 0, "... a point");
}

static void wait_for_laps(void)
{
	for (unsigned i = 0; (laps < HITS || !rig->sim->vcpu[0].in_guest) && i < PATIENCE; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void stop_all(void)
{
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT, "... and Ctrl-C stops both");
	machine_release(&rig->machine, false);
}

static void test_false(void)
{
	unsigned before;

	begin(push, sizeof(push));
	set_point(POINT_SOFTWARE, CODE, &false_condition);
	before = rig->sim->vcpu[1].runs;
	go(RESUME_CONTINUE);
	wait_for_laps();
	is_int(passed, HITS, "a false condition: each time the vCPU is behind the instruction");
	ok(!steps && !lifted, "... without a step, and with the opcode in");
	is_int(rig->sim->vcpu[1].runs - before, 1, "... and the other vCPU runs on");
	is_int((int64_t)sim_get(rig->sim, 0, X86_RSP), STACK - 8, "... and it has pushed");
	stop_all();
}

static void test_left(const uint8_t *code, size_t len, bool watch, const char *name)
{
	begin(code, len);
	set_point(POINT_SOFTWARE, CODE, &false_condition);
	if (watch)
		set_point(POINT_WRITE, WATCHED, NULL);
	go(RESUME_CONTINUE);
	wait_for_laps();
	is_int(steps, HITS, name);
	stop_all();
}

/* gdb's `continue` from a breakpoint that was reported; a step from it is the processor's. */
static void test_reported(enum resume_kind kind)
{
	begin(push, sizeof(push));
	set_point(POINT_SOFTWARE, CODE, NULL);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "a breakpoint is reported");
	go(kind);
	if (kind == RESUME_CONTINUE) {
		ok(wait_stop() && stop()->kind == STOP_SWBREAK && passed == 1 && !steps && !lifted,
			"... and from it the vCPU goes on, without a step, to meet it again");
	} else {
		ok(wait_stop() && stop()->kind == STOP_SIGNAL && steps == 1, "... and a step from it is the processor's");
	}
	machine_release(&rig->machine, false);
}

int main(void)
{
	test_false();
	test_left(load, sizeof(load), false, "an instruction that is in no table is stepped over");
	test_left(push, sizeof(push), true, "... and a store where there is a watchpoint");
	test_reported(RESUME_CONTINUE);
	test_reported(RESUME_STEP);
	return done();
}
