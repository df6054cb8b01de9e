/* SPDX-License-Identifier: BSD-2-Clause */
/* Where x86's step finds its own TF again: on the stack, on which of them, or in R11; and what is none of its business. */
#include "arch/x86_64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define CODE 0x1000ull
#define STACK 0x8008ull /* as a call leaves it: not aligned */
#define OTHER 0x20000ull
#define TSS 0x30000ull
#define FLAGS 0x246ull
#define TF 0x100ull
#define RF 0x10000ull

enum mode {
	REAL,
	PROTECTED,
	COMPATIBLE,
	LONG
};

static struct fake_vcpu f;
static struct flag_step began;
static struct flag_step_end end;

/* A step begins: at CODE, with this instruction and its stack here. */
static void begin(enum mode mode, uint64_t flags, const char *code, size_t len)
{
	fake_init(&f, 0, 0x100000);
	memcpy(f.ram[0].bytes + CODE, code, len);
	fake_set(&f.view, X86_RIP, CODE);
	fake_set(&f.view, X86_RSP, STACK);
	fake_set(&f.view, X86_RFLAGS, flags);
	fake_set(&f.view, X86_RCX, 0);
	fake_set(&f.view, X86_R11, 0);
	fake_set(&f.view, X86_CR0, mode == REAL ? 0 : CR0_PE);
	fake_set(&f.view, X86_CR3, 0);
	fake_set(&f.view, X86_CR4, 0);
	fake_set(&f.view, X86_EFER, mode >= COMPATIBLE ? EFER_LMA : 0);
	fake_set(&f.view, X86_CS_BASE, 0);
	fake_set(&f.view, X86_CS_L, mode == LONG);
	fake_set(&f.view, X86_SS_BASE, 0);
	fake_set(&f.view, X86_TR_BASE, TSS);
	fake_put(&f, TSS + 4, 0x10000, mode == PROTECTED ? 4 : 8);
	fake_put(&f, TSS + 0x2c, OTHER, 8); /* IST2 */
	is_int(x86_64_step_flag.begins(&f.view, &began), 0, "a step begins");
}

#define BEGIN(mode, flags, code) begin(mode, flags, code, sizeof(code) - 1)

static void leads(uint64_t pc, uint64_t sp)
{
	fake_set(&f.view, X86_RIP, pc);
	fake_set(&f.view, X86_RSP, sp);
}

static void ended(void)
{
	x86_64_step_flag.ended(&f.view, &began, &end);
}

static void found(uint64_t va, uint64_t value, const char *name)
{
	ended();
	ok(end.copied && !end.key && end.va == va && end.value == value, "%s", name);
}

static void none(const char *name)
{
	ended();
	ok(!end.copied, "%s", name);
}

/* The guest's own TF, and is its trap due? */
static void owns(bool own, bool trap, const char *name)
{
	ended();
	ok(!end.copied && end.own == own && end.trap == trap, "%s", name);
}

/* What an exception pushes below top, and the handler's first push or an error code below that. */
static uint64_t frame(uint64_t top, unsigned width, unsigned words, uint64_t ip, uint64_t flags)
{
	uint64_t at = top - (uint64_t)words * width;

	fake_put(&f, at, ip, width);
	fake_put(&f, at + width, 8, width);
	fake_put(&f, at + 2ull * width, flags, width);
	if (words == 5) {
		fake_put(&f, at + 3ull * width, STACK, width);
		fake_put(&f, at + 4ull * width, 0x10, width);
	}
	leads(0x2000, at - width);
	return at + 2ull * width;
}

static void pushf(enum mode mode, unsigned width, const char *code, size_t len, const char *name)
{
	begin(mode, FLAGS, code, len);
	fake_put(&f, STACK - width, FLAGS | TF, width);
	leads(CODE + len, STACK - width);
	found(STACK - width + 1, 0x02, name);
	fake_put(&f, STACK - width, FLAGS, width);
	none("... and TF is not always in it");
}

#define PUSHF(mode, width, code, name) pushf(mode, width, code, sizeof(code) - 1, name)

static void test_pushf(void)
{
	PUSHF(LONG, 8, "\x9c", "pushfq");
	PUSHF(LONG, 2, "\x66\x9c", "pushfw");
	PUSHF(LONG, 8, "\x66\x48\x9c", "pushfq with prefixes");
	PUSHF(COMPATIBLE, 4, "\x9c", "pushfl in compatibility mode");
	PUSHF(PROTECTED, 4, "\x9c", "pushfl");
	PUSHF(REAL, 2, "\x9c", "pushf in real mode");
	BEGIN(LONG, FLAGS, "\x50");
	fake_put(&f, STACK - 8, FLAGS | TF, 8);
	leads(CODE + 1, STACK - 8);
	none("the same value, pushed from a register, is left alone");
	BEGIN(PROTECTED, FLAGS, "\x40\x9c");
	fake_put(&f, STACK - 4, FLAGS | TF, 4);
	leads(CODE + 2, STACK - 4);
	none("what is a prefix in 64-bit code is none in other code");
	BEGIN(LONG, FLAGS, "\x9c");
	leads(CODE + 1, 0x7ffff000);
	none("a stack that is not in memory");
}

static void test_segment_bases(void)
{
	BEGIN(REAL, FLAGS, "");
	f.ram[0].bytes[CODE + 0x4000] = 0x9c;
	fake_set(&f.view, X86_CS_BASE, 0x4000);
	fake_set(&f.view, X86_SS_BASE, 0x10000);
	fake_put(&f, 0x10000 + STACK - 2, FLAGS | TF, 2);
	leads(CODE + 1, STACK - 2);
	found(0x10000 + STACK - 1, 0x02, "pushf, segments with bases");
}

static void test_syscall(void)
{
	BEGIN(LONG, FLAGS, "\x0f\x05");
	leads(0x2000, STACK);
	fake_set(&f.view, X86_RCX, CODE + 2);
	fake_set(&f.view, X86_R11, FLAGS | TF);
	ended();
	ok(end.copied && end.key == X86_R11 && end.value == FLAGS, "syscall");
	fake_set(&f.view, X86_R11, FLAGS);
	none("... without TF");
	fake_set(&f.view, X86_R11, FLAGS | TF);
	fake_set(&f.view, X86_RCX, CODE + 3);
	none("... an older one");
}

static void test_exceptions(void)
{
	uint64_t at;

	BEGIN(LONG, FLAGS, "\x0f\x0b");
	at = frame(STACK & ~15ull, 8, 5, CODE, FLAGS | TF | RF);
	found(at + 1, 0x02, "a fault, on the stack in use");
	leads(0x2345, STACK - 0x800);
	found(at + 1, 0x02, "... its handler is on its way");
	leads(0x2345, STACK - 0x20000);
	none("... or on a stack of another kind");
	frame(STACK & ~15ull, 8, 5, CODE, FLAGS | RF);
	none("... without TF");
	frame(STACK & ~15ull, 8, 5, CODE + 0x100, FLAGS | TF);
	none("... of another instruction");
	frame(STACK & ~15ull, 8, 5, CODE, FLAGS | TF | 1);
	none("... with other flags");
	at = frame(STACK & ~15ull, 8, 5, CODE, FLAGS | TF);
	fake_put(&f, at + 8, STACK + 8, 8);
	none("... with another stack pointer");
	frame(STACK & ~15ull, 8, 5, CODE, FLAGS | TF);
	leads(CODE + 2, STACK);
	none("... and back again");
	f.reads = 0;
	none("a step that pushes and pops nothing");
	is_int(f.reads, 0, "... costs no look at memory");
	BEGIN(LONG, FLAGS, "\xcd\x80");
	at = frame(STACK & ~15ull, 8, 5, CODE + 2, FLAGS | TF);
	found(at + 1, 0x02, "int 0x80");
}

static void test_other_stacks(void)
{
	uint64_t at;

	BEGIN(LONG, FLAGS, "\x0f\x0b");
	at = frame(OTHER, 8, 5, CODE, FLAGS | TF);
	found(at + 1, 0x02, "a fault, on a stack of the IST");
	fake_set(&f.view, X86_TR_BASE, 0x70000000);
	none("... without a TSS in memory");
	BEGIN(COMPATIBLE, FLAGS, "\x0f\x0b");
	fake_set(&f.view, X86_CS_L, 1);
	at = frame(0x10000, 8, 5, CODE, FLAGS | TF);
	found(at + 1, 0x02, "... from 32-bit code, on RSP0");
	BEGIN(PROTECTED, FLAGS, "\x0f\x0b");
	at = frame(STACK, 4, 3, CODE, FLAGS | TF | RF);
	found(at + 1, 0x02, "a fault of 32-bit code");
	BEGIN(PROTECTED, FLAGS, "\x0f\x0b");
	at = frame(0x10000, 4, 5, CODE, FLAGS | TF);
	found(at + 1, 0x02, "... on ESP0");
	BEGIN(REAL, FLAGS, "\xcd\x10");
	at = frame(STACK, 2, 3, CODE + 2, FLAGS | TF);
	found(at + 1, 0x02, "int in real mode");
	BEGIN(REAL, FLAGS, "\xcd\x10");
	leads(0x2000, STACK + 0x8000);
	none("... which has no TSS");
}

/* The guest steps itself, and KVM has hidden it. */
static void test_own(void)
{
	uint64_t at;

	BEGIN(LONG, FLAGS | TF, "\x90");
	leads(CODE + 1, STACK);
	owns(true, true, "the guest's own TF");
	BEGIN(LONG, FLAGS | TF, "\x9c");
	fake_put(&f, STACK - 8, FLAGS | TF, 8);
	leads(CODE + 1, STACK - 8);
	owns(true, true, "... in what pushfq has saved");
	fake_put(&f, STACK - 8, FLAGS, 8);
	found(STACK - 7, 0x03, "... and where KVM's instruction emulator has saved it without");
	BEGIN(LONG, FLAGS | TF, "\x9d");
	fake_put(&f, STACK, FLAGS, 8);
	leads(CODE + 1, STACK + 8);
	owns(false, true, "popfq clears it: one more trap");
	BEGIN(LONG, FLAGS, "\x9d");
	fake_put(&f, STACK, FLAGS | TF, 8);
	leads(CODE + 1, STACK + 8);
	owns(true, false, "popfq sets it: no trap yet");
	BEGIN(LONG, FLAGS, "\x48\xcf");
	fake_put(&f, STACK, 0x2000, 8);
	fake_put(&f, STACK + 16, FLAGS | TF, 8);
	leads(0x2000, STACK + 0x1000);
	owns(true, false, "iretq sets it");
	leads(0x2001, STACK + 0x1000);
	owns(true, true, "... and one instruction more was executed");
	BEGIN(REAL, FLAGS, "\xcf");
	fake_put(&f, STACK, 0x2000, 2);
	fake_put(&f, STACK + 4, FLAGS | TF, 2);
	leads(0x2000, STACK + 6);
	owns(true, false, "iret in real mode does");
	BEGIN(PROTECTED, FLAGS | TF, "\xcf");
	fake_put(&f, STACK + 8, FLAGS, 4);
	leads(0x2000, STACK + 12);
	owns(false, true, "iretd clears it");
	BEGIN(LONG, FLAGS | TF, "\x0f\x0b");
	at = frame(STACK & ~15ull, 8, 5, CODE, FLAGS | TF | RF);
	owns(false, false, "an exception clears it, and no trap is due");
	frame(STACK & ~15ull, 8, 5, CODE, FLAGS | RF);
	found(at + 1, 0x03, "... and KVM's instruction emulator has saved it without");
	BEGIN(LONG, FLAGS | TF, "\x0f\x05");
	leads(0x2000, STACK);
	fake_set(&f.view, X86_RCX, CODE + 2);
	fake_set(&f.view, X86_R11, FLAGS | TF);
	owns(false, false, "syscall masks it");
}

int main(void)
{
	test_pushf();
	test_segment_bases();
	test_syscall();
	test_exceptions();
	test_other_stacks();
	test_own();
	return done();
}
