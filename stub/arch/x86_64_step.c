/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM steps by setting TF (kvm_arch_vcpu_ioctl_set_guest_debug(), arch/x86/kvm/x86.c), and hides it from those who ask KVM for RFLAGS.
 * The processor does not: PUSHF, SYSCALL and exceptions save it with the other flags, and POPF, SYSRET and IRET then set it when
 * nobody steps any more. The guest takes a debug exception which it has no handler for.
 *
 * Where such a copy is follows from where the step began, also when the handler has executed a lot since. Not found is one that the
 * handler has moved to another stack (Linux does, for exceptions of a process). References are to Intel's SDM, volume 3.
 */
#include "walk.h"
#include "x86_64.h"

#define TF (1ull << 8)
#define RF (1ull << 16)
#define VM (1ull << 17)

#define INSN_MAX 15
#define STACK_MAX 0x10000ull /* no handler takes more */
#define NEAR 128	     /* no stack of an exception's begins so near above another */

/* Where a step has led. */
struct now {
	uint64_t pc, sp;
	uint64_t code; /* the pc's linear address */
	uint64_t cr0, efer, ss_base;
	uint64_t is_64_bit; /* code */
};

static uint64_t low(unsigned width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

int x86_64_step_begins(struct view *v, struct arch_step *s)
{
	int err = v->get(v, X86_RIP, &s->pc);

	if (!err)
		err = v->get(v, X86_RSP, &s->sp);
	return err ? err : v->get(v, X86_RFLAGS, &s->flags);
}

static int read_linear(struct view *v, uint64_t va, uint8_t *to, size_t len)
{
	int err = 0;

	while (len && !err) {
		struct arch_page page;
		size_t n;

		err = x86_64_translate(v, va, &page);
		n = !err && page.size < len ? page.size : len;
		if (!err)
			err = v->read_phys(v, page.pa, to, n);
		va += n;
		to += n;
		len -= n;
	}
	return err;
}

/* Up to 5 words. */
static int read_words(struct view *v, uint64_t va, unsigned width, unsigned n, uint64_t *word)
{
	uint8_t bytes[5 * 8];
	int err = read_linear(v, va, bytes, (size_t)n * width);

	for (unsigned i = 0; !err && i < n; i++) {
		word[i] = 0;
		for (unsigned at = width; at-- > 0;)
			word[i] = word[i] << 8 | bytes[i * width + at];
	}
	return err;
}

/* The flags that the step began with, and TF. RF and VM are saved by some. */
static bool is_copy(const struct arch_step *s, uint64_t value, unsigned width)
{
	return ((value ^ s->flags) & low(width) & ~(RF | VM)) == TF;
}

/* The flags, at va, without TF: it is in their second byte. */
static void copy_at(struct arch_saved *copy, uint64_t va, uint64_t flags)
{
	*copy = (struct arch_saved){ .va = va + 1, .value = (flags & ~TF) >> 8 & 0xff };
}

static uint64_t on_stack(const struct now *n, uint64_t sp)
{
	return n->is_64_bit ? sp : low(4) & (n->ss_base + sp);
}

static bool is_prefix(uint8_t byte, bool is_64_bit)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf2:
	case 0xf3:
		return true;
	}
	return is_64_bit && (byte & 0xf0) == 0x40; /* REX */
}

/* It has no operands: the opcode is its last byte. */
static bool was_pushf(struct view *v, const struct arch_step *s, const struct now *n)
{
	uint8_t code[INSN_MAX];
	size_t len = n->pc - s->pc, at = 0;

	if (!len || len > sizeof(code) || read_linear(v, n->code - len, code, len))
		return false;
	while (at < len - 1 && is_prefix(code[at], n->is_64_bit))
		at++;
	return at == len - 1 && code[at] == 0x9c;
}

static bool saved_by_pushf(struct view *v, const struct arch_step *s, const struct now *n, struct arch_saved *copy)
{
	uint64_t width = s->sp - n->sp, flags;

	if ((width != 2 && width != 4 && width != 8) || !was_pushf(v, s, n) ||
		read_words(v, on_stack(n, n->sp), width, 1, &flags) || !is_copy(s, flags, width))
		return false;
	copy_at(copy, on_stack(n, n->sp), flags);
	return true;
}

/* Its own RIP and RFLAGS go to RCX and R11 (5.8.8). */
static bool saved_by_syscall(struct view *v, const struct arch_step *s, struct arch_saved *copy)
{
	uint64_t rcx, r11;

	if (v->get(v, X86_RCX, &rcx) || v->get(v, X86_R11, &r11) || rcx != s->pc + 2 || !is_copy(s, r11, 8))
		return false;
	*copy = (struct arch_saved){ .key = X86_R11, .value = r11 & ~TF };
	return true;
}

/* What an exception has pushed below top (6.12.1, 6.14.2): 3 words, IP, CS, flags, or 5, with SP and SS. */
static bool is_frame(
	struct view *v, const struct arch_step *s, uint64_t top, unsigned width, unsigned words, struct arch_saved *copy)
{
	uint64_t va = top - (uint64_t)width * words, word[5];

	if (read_words(v, va, width, words, word) || (low(width) & (word[0] - s->pc)) > INSN_MAX || !is_copy(s, word[2], width))
		return false;
	if (words == 5 && word[3] != (s->sp & low(width)))
		return false;
	copy_at(copy, va + 2ull * width, word[2]);
	return true;
}

static bool is_below(uint64_t sp, uint64_t top)
{
	return top - sp - 1 < STACK_MAX;
}

/* Offsets into the TSS of RSP0 (ESP0) and IST1 to IST7 (8.7, 8.2.1). */
static const uint8_t tss_stacks[] = { 0x04, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54 };

/* The stack is one of those that the TSS has for exceptions. */
static bool saved_elsewhere(
	struct view *v, const struct arch_step *s, const struct now *n, unsigned width, struct arch_saved *copy)
{
	unsigned count = width == 8 ? sizeof(tss_stacks) : 1;
	uint64_t tss, top;

	if (v->get(v, X86_TR_BASE, &tss))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (read_words(v, tss + tss_stacks[i], width, 1, &top))
			return false;
		if (width == 8)
			top &= ~15ull;
		if (is_below(n->sp, top))
			return is_frame(v, s, on_stack(n, top), width, 5, copy);
	}
	return false;
}

/* In 64-bit mode the stack is aligned, and SP always saved (6.14.2). Gates of 32-bit code are taken to be 32-bit ones. */
static bool saved_by_exception(struct view *v, const struct arch_step *s, const struct now *n, struct arch_saved *copy)
{
	if (n->efer & EFER_LMA) {
		uint64_t top = s->sp & ~15ull;

		return is_below(n->sp, top) ? is_frame(v, s, top, 8, 5, copy) : saved_elsewhere(v, s, n, 8, copy);
	}
	if (is_below(n->sp, s->sp))
		return is_frame(v, s, on_stack(n, s->sp), n->cr0 & CR0_PE ? 4 : 2, 3, copy);
	return n->cr0 & CR0_PE && saved_elsewhere(v, s, n, 4, copy);
}

static int find_now(struct view *v, struct now *n)
{
	int err = x86_64_code_address(v, &n->code);

	if (!err)
		err = v->get(v, X86_CR0, &n->cr0);
	if (!err)
		err = v->get(v, X86_EFER, &n->efer);
	if (!err)
		err = v->get(v, X86_SS_BASE, &n->ss_base);
	if (!err)
		err = v->get(v, X86_CS_L, &n->is_64_bit);
	n->is_64_bit = n->is_64_bit && n->efer & EFER_LMA;
	return err;
}

/* Most steps push nothing, and memory is not looked at. */
bool x86_64_step_saved(struct view *v, const struct arch_step *s, struct arch_saved *copy)
{
	struct now n;

	if (s->flags & (TF | VM) || v->get(v, X86_RIP, &n.pc) || v->get(v, X86_RSP, &n.sp))
		return false;
	if (saved_by_syscall(v, s, copy))
		return true;
	if (n.sp - s->sp < NEAR || find_now(v, &n))
		return false;
	return saved_by_pushf(v, s, &n, copy) || saved_by_exception(v, s, &n, copy);
}
