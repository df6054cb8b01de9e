/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64's table of instructions that are carried out in place of the processor: what is in it, how long it is, and when the processor is
 * left to do it. That the results are the processor's is emulated.c's.
 */
#include "arch/x86_64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define CODE 0x1000ull
#define TABLES 0x2000ull
#define STACK 0x8008ull
#define REG(at) KEY_BLOCK(X86_REGS, 8, at)
#define EVENTS(width, at) KEY_BLOCK(X86_EVENTS, width, at)
#define PAGE 0xe3 /* present, writable, accessed, dirty, large */

static struct fake_vcpu f;
static struct arch_effect e;
static struct arch_page page; /* of the code */

/* The kernel, in 64-bit mode, in one page of 2 MiB. */
static void begin(void)
{
	page = (struct arch_page){ .pa = CODE, .size = 0x1000, .access = ARCH_PAGE_READ | ARCH_PAGE_WRITE | ARCH_PAGE_EXEC };
	fake_init(&f, 0, 0x100000);
	for (unsigned at = 0; at < 0x80; at += 8)
		fake_set(&f.view, REG(at), at * 0x111);
	fake_set(&f.view, X86_RIP, CODE);
	fake_set(&f.view, X86_RSP, STACK);
	fake_set(&f.view, X86_RFLAGS, 2);
	fake_set(&f.view, X86_CR0, 0x80000011);
	fake_set(&f.view, X86_CR3, TABLES);
	fake_set(&f.view, X86_CR4, 0x20);
	fake_set(&f.view, X86_EFER, 0x500);
	fake_set(&f.view, X86_CS_L, 1);
	fake_set(&f.view, X86_SS_DPL, 0);
	fake_set(&f.view, X86_DR7, 0x400);
	fake_set(&f.view, EVENTS(4, 0), 0);
	fake_set(&f.view, EVENTS(4, 8), 0);
	fake_set(&f.view, EVENTS(1, 12), 0);
	fake_put(&f, TABLES, (TABLES + 0x1000) | 0x23, 8);
	fake_put(&f, TABLES + 0x1000, (TABLES + 0x2000) | 0x23, 8);
	fake_put(&f, TABLES + 0x2000, PAGE, 8);
}

static int effect_of(const char *code, size_t len)
{
	return x86_64_emulate.effect(&f.view, &page, (const uint8_t *)code, len, &e);
}

static uint64_t value_of(uint64_t key)
{
	for (unsigned i = 0; i < e.n; i++)
		if (e.value[i].key == key)
			return e.value[i].value;
	return UINT64_MAX;
}

#define IS(code, name) is(code, sizeof(code) - 1, sizeof(code) - 1, name)

/* It is in the table, and pc is behind it; what is behind it is not looked at. */
static void is(const char *code, size_t len, uint64_t moves, const char *name)
{
	char more[32];

	memset(more, 0xff, sizeof(more));
	memcpy(more, code, len);
	begin();
	ok(!effect_of(more, sizeof(more)) && value_of(X86_RIP) == CODE + moves, "%s: pc is at its end", name);
	begin();
	is_int(effect_of(code, len - 1), -ENOENT, "... and none of it that does not end in its page");
}

#define LEFT(code, name) left(code, sizeof(code) - 1, name)

static void left(const char *code, size_t len, const char *name)
{
	begin();
	is_int(effect_of(code, len), -ENOENT, name);
}

static void test_decoding(void)
{
	IS("\xf3\x0f\x1e\xfa", "endbr64");
	IS("\x90", "nop");
	IS("\x66\x90", "nop of 2 bytes");
	IS("\x0f\x1f\x44\x00\x00", "nop of 5 bytes");
	IS("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", "nop of 10 bytes");
	IS("\x55", "push %rbp");
	IS("\x41\x57", "push %r15");
	IS("\x48\x89\xe5", "mov %rsp, %rbp");
	IS("\x48\x8b\xec", "mov %rsp, %rbp, the other way");
	IS("\x48\x89\x7c\x24\x08", "mov %rdi, 8(%rsp)");
	IS("\x48\x83\xec\x28", "sub $0x28, %rsp");
	IS("\x48\x81\xec\x00\x01\x00\x00", "sub $0x100, %rsp");
	IS("\x31\xc0", "xor %eax, %eax");
	IS("\x48\x85\xff", "test %rdi, %rdi");
	IS("\xb8\x01\x00\x00\x00", "mov $1, %eax");
	IS("\x49\xbb\x01\x02\x03\x04\x05\x06\x07\x08", "movabs %r11");
	IS("\x48\xc7\xc0\xff\xff\xff\xff", "mov $-1, %rax");
	IS("\x4c\x8d\x54\x24\x08", "lea 8(%rsp), %r10");
	IS("\x48\x8d\x05\x00\x00\x01\x00", "lea 0x10000(%rip), %rax");
	is_int((int64_t)value_of(X86_RIP), -1, "... what is cut off has no effect");
	is("\xeb\x10", 2, 0x12, "jmp");
	is("\xe8\xfb\xff\xff\xff", 5, 0, "call to itself");
	is("\x0f\x85\x00\x01\x00\x00", 6, 0x106, "jne, taken");
	is("\x74\x10", 2, 2, "je, not taken");
}

static void test_left(void)
{
	LEFT("\x48\x8b\x07", "a load");
	LEFT("\x48\x89\x07", "a store elsewhere than to the stack");
	LEFT("\x48\x89\x1c\x04", "... or by an index besides rsp");
	LEFT("\x48\x83\xd0\x01", "adc");
	LEFT("\x83\x04\x24\x01", "arithmetic in memory");
	LEFT("\xf3\x90", "pause");
	LEFT("\x41\x90", "xchg %eax, %r8d");
	LEFT("\x66\x50", "push of 16 bits");
	LEFT("\x66\xb8\x01\x00", "mov of 16 bits");
	LEFT("\x65\x48\x8b\x04\x25\x00\x00\x00\x00", "a segment");
	LEFT("\xf0\x48\x83\xc0\x01", "lock");
	LEFT("\x48\x8d\xc0", "lea without an address");
	LEFT("\x0f\x1f\xc8", "a reserved nop");
	LEFT("\xf3\x0f\x1e\xfb", "endbr32");
	LEFT("\xc3", "ret");
	LEFT("\xcc", "int3");
	LEFT("\x0f\x0b", "ud2");
	LEFT("\x48\x48\x89\xe5", "two prefixes of the same kind");
	LEFT("", "nothing");
}

static void refused(uint64_t key, uint64_t value, const char *code, size_t len, const char *name)
{
	begin();
	fake_set(&f.view, key, value);
	is_int(effect_of(code, len), -ENOENT, name);
}

static void test_state(void)
{
	refused(X86_RFLAGS, 0x102, "\x90", 1, "the guest steps itself");
	refused(X86_EFER, 0, "\x90", 1, "32-bit mode");
	refused(X86_CS_L, 0, "\x90", 1, "compatibility mode");
	refused(X86_CR4, 0x800020, "\x90", 1, "control-flow enforcement");
	refused(EVENTS(4, 0), 1, "\x90", 1, "an exception is being delivered");
	refused(EVENTS(4, 0), 1u << 24, "\x90", 1, "an exception is pending");
	refused(EVENTS(4, 8), 1u << 24, "\x90", 1, "an interrupt shadow");
	refused(EVENTS(4, 8), 1, "\x90", 1, "an interrupt is being delivered");
	refused(EVENTS(1, 12), 1, "\x90", 1, "an NMI is being delivered");
	begin();
	fake_set(&f.view, X86_RFLAGS, 0x10002);
	ok(!effect_of("\x90", 1) && value_of(X86_RFLAGS) == 2, "RF is clear behind an instruction");
	begin();
	page.access |= ARCH_PAGE_USER;
	is_int(effect_of("\x90", 1), -ENOENT, "the kernel, in a process's page");
	fake_set(&f.view, X86_SS_DPL, 3);
	is_int(effect_of("\x90", 1), 0, "the process, in its page");
	page.access = ARCH_PAGE_READ;
	is_int(effect_of("\x90", 1), -ENOENT, "a page that is not to be executed");
	begin();
	fake_set(&f.view, X86_RIP, 0x7ffffffffff0);
	is_int(effect_of("\xeb\x7f", 2), -ENOENT, "a jump to where no address is");
}

static void stack_refused(uint64_t key, uint64_t value, const char *name)
{
	refused(key, value, "\x55", 1, name);
}

static void entry_refused(uint64_t at, uint64_t entry, const char *name)
{
	begin();
	fake_put(&f, at, entry, 8);
	ok(effect_of("\x55", 1) != 0, "%s", name);
}

static void test_stores(void)
{
	begin();
	fake_set(&f.view, REG(0x38), 0x1122334455667788);
	ok(!effect_of("\x55", 1) && e.size == 8 && e.pa == STACK - 8 && e.bytes[0] == 0x88 && e.bytes[7] == 0x11,
		"push stores below the stack pointer");
	is_int((int64_t)value_of(X86_RSP), STACK - 8, "... which is there then");
	begin();
	ok(!effect_of("\x54", 1) && e.bytes[0] == (STACK & 0xff), "push %%rsp stores what it was");
	stack_refused(X86_SS_DPL, 3, "a process's stack");
	stack_refused(X86_DR7, 0x401, "the guest watches something itself");
	stack_refused(X86_CR4, 0x1000020, "protection keys of the kernel's");
	stack_refused(X86_RSP, STACK + 4, "a stack that is not aligned");
	entry_refused(TABLES + 0x2000, PAGE & ~1u, "a page that is not present");
	entry_refused(TABLES + 0x2000, PAGE & ~2u, "a page that is not writable");
	entry_refused(TABLES + 0x2000, PAGE & ~0x40u, "a page that is not dirty yet");
	entry_refused(TABLES + 0x2000, PAGE & ~0x20u, "a page that was not accessed yet");
	entry_refused(TABLES + 0x1000, (TABLES + 0x2000) | 0x03, "a table that was not accessed yet");
	begin();
	fake_put(&f, TABLES, (TABLES + 0x1000) | 0x27, 8);
	fake_put(&f, TABLES + 0x1000, (TABLES + 0x2000) | 0x27, 8);
	fake_put(&f, TABLES + 0x2000, PAGE | 4, 8);
	is_int(effect_of("\x55", 1), -ENOENT, "a page of a process's");
}

int main(void)
{
	test_decoding();
	test_left();
	test_state();
	test_stores();
	return done();
}
