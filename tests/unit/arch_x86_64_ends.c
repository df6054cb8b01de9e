/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where x86's steps end that TF does not end: SYSRET, SYSCALL, the software interrupts, and an exception that KVM has yet to deliver.
 * And the guest's own debug registers: which they are, where they are put, who was hit.
 */
#include "arch/x86_64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define CODE 0x1000ull
#define IDT 0x10000ull
#define GDT 0x11000ull
#define LDT 0x12000ull
#define PML4 0x20000ull
#define FLAGS 0x246ull
#define TF 0x100ull
#define OF 0x800ull
#define VM 0x20000ull
#define CR0_PG (1ull << 31)
#define EFER_SCE 1ull
#define CR4_PAE 0x20ull
#define HIGH 0xffffffff81000000ull

enum mode {
	REAL,
	PROTECTED,
	COMPATIBLE,
	LONG
};

static struct fake_vcpu f;
static enum mode now;
static struct flag_step step;

static void set_gate(unsigned vector, unsigned type, unsigned dpl, bool present, uint64_t selector, uint64_t offset)
{
	uint64_t low = (offset & 0xffff) | selector << 16 | (uint64_t)(present << 7 | dpl << 5 | type) << 40 |
		       (offset >> 16 & 0xffff) << 48;

	if (now >= COMPATIBLE) {
		fake_put(&f, IDT + 16 * vector, low, 8);
		fake_put(&f, IDT + 16 * vector + 8, offset >> 32, 8);
	} else {
		fake_put(&f, IDT + 8 * vector, low, 8);
	}
}

/* One to one, 2 MiB from 0 on. */
static void map_memory(void)
{
	fake_put(&f, PML4, 0x21007, 8);
	fake_put(&f, 0x21000, 0x22007, 8);
	fake_put(&f, 0x22000, 0x87, 8);
	fake_set(&f.view, X86_CR3, PML4);
}

static void set_mode(enum mode mode, unsigned cpl)
{
	now = mode;
	fake_init(&f, 0, 0x100000);
	fake_set(&f.view, X86_RIP, CODE);
	fake_set(&f.view, X86_RSP, 0x8000);
	fake_set(&f.view, X86_RFLAGS, FLAGS);
	fake_set(&f.view, X86_CR0, mode == REAL ? 0 : mode == PROTECTED ? CR0_PE : CR0_PE | CR0_PG);
	fake_set(&f.view, X86_CR3, 0);
	fake_set(&f.view, X86_CR4, mode >= COMPATIBLE ? CR4_PAE : 0);
	fake_set(&f.view, X86_EFER, mode >= COMPATIBLE ? EFER_LMA | EFER_SCE : 0);
	fake_set(&f.view, X86_CS_BASE, 0);
	fake_set(&f.view, X86_CS_L, mode == LONG);
	fake_set(&f.view, X86_SS_DPL, cpl);
	fake_set(&f.view, X86_IDT_BASE, mode == REAL ? 0 : IDT);
	fake_set(&f.view, X86_IDT_LIMIT, mode == REAL ? 0x3ff : 0x80 * 16 + 15);
	fake_set(&f.view, X86_GDT_BASE, GDT);
	fake_set(&f.view, X86_GDT_LIMIT, 0x2f);
	fake_set(&f.view, X86_LDT_BASE, LDT);
	fake_set(&f.view, X86_LDT_LIMIT, 0xf);
	if (mode >= COMPATIBLE)
		map_memory();
}

/* A step begins with this instruction. */
static void begin(const char *code, size_t len)
{
	memcpy(f.ram[0].bytes + CODE, code, len);
	step = (struct flag_step){ .queued = step.queued };
	is_int(x86_64_step_flag.begins(&f.view, &step), 0, "a step begins");
	step.queued = 0;
}

#define BEGIN(code) begin(code, sizeof(code) - 1)

static void ends(uint64_t end, const char *name)
{
	if (!ok(step.ends_at && step.end == end, "%s", name))
		printf("# %d, at 0x%" PRIx64 "\n", step.ends_at, step.end);
}

static void by_tf(const char *name)
{
	ok(!step.ends_at, "%s", name);
}

static void test_long(void)
{
	set_mode(LONG, 0);
	set_gate(0x40, 0xe, 0, true, 8, HIGH + 0x400);
	set_gate(1, 0xe, 0, true, 8, HIGH + 0x100);
	set_gate(3, 0xf, 3, true, 8, HIGH + 0x300);
	set_gate(11, 0xe, 0, true, 8, HIGH + 0xb00);
	set_gate(13, 0xe, 0, true, 8, HIGH + 0xd00);
	set_gate(0x41, 0xe, 3, false, 8, HIGH + 0x410);
	BEGIN("\xcd\x40");
	ends(HIGH + 0x400, "INT n");
	BEGIN("\xcc\x90");
	ends(HIGH + 0x300, "INT3");
	BEGIN("\x66\xf1\x90");
	ends(HIGH + 0x100, "INT1, with a prefix");
	BEGIN("\xcd\x41");
	ends(HIGH + 0xb00, "a gate that is not present: #NP");
	BEGIN("\xcd\x90");
	ends(HIGH + 0xd00, "one behind the IDT's end: #GP");
	BEGIN("\xce\x90");
	by_tf("INTO is none in 64-bit code");
	BEGIN("\x48\xcf");
	by_tf("IRET: the trap comes");
	BEGIN("\x90\xcd\x40");
	by_tf("any other instruction");
	set_mode(LONG, 3);
	set_gate(0x40, 0xe, 0, true, 8, HIGH + 0x400);
	set_gate(1, 0xe, 0, true, 8, HIGH + 0x100);
	set_gate(13, 0xe, 0, true, 8, HIGH + 0xd00);
	BEGIN("\xcd\x40");
	ends(HIGH + 0xd00, "INT n through a gate that the user may not use: #GP");
	BEGIN("\xf1\x90");
	ends(HIGH + 0x100, "... which INT1 may");
	fake_set(&f.view, X86_RIP, 0x7fffffff);
	BEGIN("\xcd\x40");
	by_tf("code that is not in memory");
}

static void test_fast_calls(void)
{
	set_mode(LONG, 3);
	fake_set(&f.view, X86_LSTAR, HIGH);
	fake_set(&f.view, X86_CSTAR, HIGH + 0x40);
	fake_set(&f.view, X86_FMASK, 0x47700);
	fake_set(&f.view, X86_RCX, 0x123400005678);
	BEGIN("\x0f\x05");
	ends(HIGH, "SYSCALL, TF masked");
	fake_set(&f.view, X86_FMASK, 0x200);
	BEGIN("\x0f\x05");
	by_tf("SYSCALL, TF not masked");
	fake_set(&f.view, X86_EFER, EFER_LMA);
	fake_set(&f.view, X86_FMASK, 0x47700);
	BEGIN("\x0f\x05");
	by_tf("SYSCALL that is not enabled");
	BEGIN("\x48\x0f\x07");
	ends(0x123400005678, "SYSRET to 64-bit code");
	BEGIN("\x0f\x07");
	ends(0x5678, "SYSRET to 32-bit code");
	BEGIN("\x48\x66\x0f\x07");
	ends(0x5678, "... a REX prefix that is not the last is none");
	BEGIN("\x0f\x0b");
	by_tf("UD2");
	set_mode(COMPATIBLE, 3);
	fake_set(&f.view, X86_CSTAR, HIGH + 0x40);
	fake_set(&f.view, X86_FMASK, 0x100);
	BEGIN("\x0f\x05");
	ends(HIGH + 0x40, "SYSCALL of 32-bit code");
}

static void test_protected(void)
{
	set_mode(PROTECTED, 0);
	fake_put(&f, GDT + 8, 0x40cf9a123456ffffull, 8); /* base 0x40123456 */
	fake_put(&f, LDT + 8, 0x00cf9a001000ffffull, 8); /* base 0x1000 */
	set_gate(0x40, 0xe, 0, true, 8, 0x12345678);
	set_gate(0x41, 0x6, 0, true, 0xc, 0x12345678);
	set_gate(0x42, 0x5, 0, true, 0x18, 0);
	set_gate(4, 0xf, 0, true, 0xc, 0x5000);
	BEGIN("\xcd\x40");
	ends(0x40123456 + 0x12345678, "INT n of 32-bit code, a segment with a base");
	BEGIN("\xcd\x41");
	ends(0x6678, "a 16-bit gate, a segment of the LDT");
	BEGIN("\xcd\x42");
	by_tf("a task gate is not followed");
	BEGIN("\xce\x90");
	by_tf("INTO without an overflow");
	fake_set(&f.view, X86_RFLAGS, FLAGS | OF);
	BEGIN("\xce\x90");
	ends(0x6000, "INTO");
	fake_set(&f.view, X86_RFLAGS, FLAGS | VM);
	BEGIN("\xcd\x40");
	by_tf("virtual-8086 mode is left alone");
}

static void test_real(void)
{
	set_mode(REAL, 0);
	fake_put(&f, 4 * 0x10, 0xf0001234, 4);
	fake_put(&f, 4 * 3, 0x00100004, 4);
	BEGIN("\xcd\x10");
	ends(0xf1234, "INT n in real mode");
	BEGIN("\xcc\x90");
	ends(0x104, "INT3 in real mode");
	fake_set(&f.view, X86_CS_BASE, 0x200);
	fake_set(&f.view, X86_RIP, CODE - 0x200);
	BEGIN("\xcd\x10");
	ends(0xf1234, "... in a segment");
	fake_set(&f.view, X86_IDT_LIMIT, 0x3f);
	BEGIN("\xcd\x10");
	by_tf("... behind the table's end");
}

/* Most steps are in the page that the last one was in. */
static void test_reads(void)
{
	set_mode(LONG, 0);
	set_gate(0x40, 0xe, 0, true, 8, HIGH + 0x400);
	BEGIN("\x90");
	f.reads = 0;
	memcpy(f.ram[0].bytes + CODE + 1, "\xcd\x40", 2);
	fake_set(&f.view, X86_RIP, CODE + 1);
	x86_64_step_flag.begins(&f.view, &step);
	ends(HIGH + 0x400, "a step in the same page");
	f.reads = 0;
	fake_set(&f.view, X86_RIP, CODE + 5);
	x86_64_step_flag.begins(&f.view, &step);
	is_int(f.reads, 1, "... reads the instruction alone");
	fake_set(&f.view, X86_RIP, CODE + 1);
	fake_put(&f, 0x24000, 0x25007, 8);
	fake_put(&f, 0x25000, 0x26007, 8);
	fake_put(&f, 0x26000, 0x200087, 8); /* other memory, of which there is none */
	fake_set(&f.view, X86_CR3, 0x24000);
	x86_64_step_flag.begins(&f.view, &step);
	by_tf("... and none by the tables of another space");
}

static void test_queued(void)
{
	set_mode(LONG, 0);
	set_gate(1, 0xe, 0, true, 8, HIGH + 0x100);
	set_gate(3, 0xe, 0, true, 8, HIGH + 0x300);
	step.queued = X86_DEBUG_INJECT_DB;
	BEGIN("\x90");
	ends(HIGH + 0x100, "a queued #DB comes before the instruction");
	step.queued = X86_DEBUG_INJECT_BP;
	BEGIN("\xcd\x40");
	ends(HIGH + 0x300, "a queued #BP");
}

/* ---- debug registers ---- */

static struct arch_own own;
static struct x86_debug regs;
static uint32_t control;

static void encode(unsigned points, bool ends_at)
{
	uint8_t bytes[ARCH_DEBUG_SIZE];
	struct debug_request d = { .step = ends_at, .n = points, .ends_at = ends_at, .end = 0x9000, .own = &own };

	for (unsigned i = 0; i < points; i++)
		d.hw[i] = (struct arch_point){ .type = POINT_WRITE, .addr = 0x1000 + 8 * i, .len = 8 };
	is_int(x86_64_own.find(&f.view, &own), 0, "the guest's own are found");
	arch_x86_64.debug.encode(&d, &control, bytes);
	memcpy(&regs, bytes, sizeof(regs));
}

static void set_own(uint64_t dr7)
{
	fake_init(&f, 0, 0x100000);
	for (unsigned i = 0; i < 4; i++)
		fake_set(&f.view, X86_DR(i), 0x5000 + 0x10 * i);
	fake_set(&f.view, X86_DR7, dr7);
	fake_set(&f.view, X86_DR6, 0xffff0ff0);
}

static void test_own(void)
{
	const uint64_t dr7 = 0x400 | 1 | 2 << 2 | 3 << 6 | 0xd0ull << 16 | 0xf000ull << 16; /* DR0 executes, 1 and 3 watch */

	set_own(0x400);
	is_int(x86_64_own.find(&f.view, &own), 0, "none in use");
	is_int(own.n, 0, "... none are found");
	set_own(dr7);
	is_int(x86_64_own.find(&f.view, &own), 0, "three in use");
	is_int(x86_64_own.hits(&own, 0xf, false), 0xb, "in a step alone the guest has them where it has put them");
	is_int(x86_64_own.hits(&own, 0xf, true), 0xa, "... and these are watchpoints");
	is_int(x86_64_own.hits(&own, 0x4, false), 0, "... and a bit of one that is not in use says nothing");
	encode(1, false);
	ok(regs.debugreg[0] == 0x1000 && regs.debugreg[1] == 0x5000 && regs.debugreg[2] == 0x5010 && regs.debugreg[3] == 0x5030,
		"one of the debugger's, and the guest's behind it");
	is_int(regs.debugreg[7], 0x400 | 0xaa | 0xfd09ull << 16, "... with their types");
	is_int(x86_64_own.hits(&own, 0x1, false), 0, "... the debugger's hit is none of the guest's");
	is_int(x86_64_own.hits(&own, 0xa, false), 0x9, "... slots 1 and 3 are DR0 and DR3");
	encode(3, false);
	ok(regs.debugreg[3] == 0x5000 && own.reg[0].placed && !own.reg[1].placed && !own.reg[2].placed, "room for one");
	is_int(x86_64_own.hits(&own, 0xf, false), 0x1, "... those without room are not hit");
	encode(0, true);
	ok(regs.debugreg[0] == 0x9000 && regs.debugreg[1] == 0x5000 && control & X86_DEBUG_USE_HW_BP, "the end of a step");
	encode(4, true);
	ok(regs.debugreg[3] == 0x9000 && regs.debugreg[7] == (0x400 | 0xaa | 0x0999ull << 16),
		"... in place of the last point");
	is_int(x86_64_own.give(&f.view, 0x9, &control), 0, "given to the guest");
	ok(f.view.get(&f.view, X86_DR6, &own.reg[0].addr) == 0 && own.reg[0].addr == 0xffff0ff9 &&
			control == X86_DEBUG_INJECT_DB,
		"... in its own DR6");
}

int main(void)
{
	test_long();
	test_fast_calls();
	test_protected();
	test_real();
	test_reads();
	test_queued();
	test_own();
	return done();
}
