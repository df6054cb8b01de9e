/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM steps by setting TF (kvm_arch_vcpu_ioctl_set_guest_debug(), arch/x86/kvm/x86.c), and hides it from those who ask KVM for
 * RFLAGS. The processor does not: PUSHF, SYSCALL and exceptions save it with the other flags, and POPF, SYSRET and IRET then
 * set it when nobody steps any more. And a TF that the guest has set itself, KVM takes away with its own.
 *
 * Where a copy is follows from where the step began, also when the handler has executed a lot since. Not found is a copy that
 * the handler has moved to another stack (Linux does, for exceptions of a process). References are to Intel's SDM, volume 3.
 */
#include <string.h>

#include "walk_common.h"
#include "x86_64.h"

#define TF (1ull << 8)
#define RF (1ull << 16)
#define VM (1ull << 17)

#define STACK_MAX 0x10000ull /* no handler takes more */
#define NEAR 128	     /* no stack of an exception's begins so near above another */

#define INSN_POPF 0x9d
#define INSN_PUSHF 0x9c
#define INSN_IRET 0xcf

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

static int begins(struct view *v, struct flag_step *s)
{
	int err = v->get(v, X86_RIP, &s->pc);

	if (!err)
		err = v->get(v, X86_RSP, &s->sp);
	if (!err)
		err = v->get(v, X86_RFLAGS, &s->flags);
	s->ends_at = !err && x86_64_step_end(v, s, &s->end);
	return err;
}

/* The flags that the step began with, whatever has become of TF; RF and VM are saved by some. */
static bool is_copy(const struct flag_step *s, uint64_t value, unsigned width)
{
	return !((value ^ s->flags) & low(width) & ~(RF | VM | TF));
}

/* A copy, to which the guest's own TF belongs. */
static uint64_t corrected(const struct flag_step *s, uint64_t flags)
{
	return (flags & ~TF) | (s->flags & TF);
}

/* The flags are at va, TF in their second byte. */
static void copied_to(struct flag_step_end *end, const struct flag_step *s, uint64_t va, uint64_t flags)
{
	end->copied = (flags ^ s->flags) & TF;
	end->va = va + 1;
	end->value = corrected(s, flags) >> 8 & 0xff;
}

static uint64_t on_stack(const struct now *n, uint64_t sp)
{
	return n->is_64_bit ? sp : low(4) & (n->ss_base + sp);
}

/* The code at the step's beginning; returns how many bytes could be read. */
static size_t read_code(struct view *v, const struct flag_step *s, const struct now *n, uint8_t code[X86_INSN_MAX])
{
	uint64_t va = n->code - (n->pc - s->pc);
	size_t len = X86_INSN_MAX;

	if (!n->is_64_bit)
		va &= low(4);
	while (len && x86_64_read_linear(v, va, code, len))
		len--;
	return len;
}

struct insn {
	int opcode; /* the opcode's first byte, or -1 */
	bool rex_w, operand_size;
};

static struct insn find_insn(struct view *v, const struct flag_step *s, const struct now *n)
{
	struct insn insn = { .opcode = -1 };
	uint8_t code[X86_INSN_MAX];
	size_t len = read_code(v, s, n, code), at = 0;

	for (; at < len && x86_64_is_prefix(code[at], n->is_64_bit); at++) {
		insn.operand_size |= code[at] == 0x66;
		insn.rex_w = n->is_64_bit && (code[at] & 0xf8) == 0x48;
	}
	if (at < len)
		insn.opcode = code[at];
	return insn;
}

static void after_pushf(struct view *v, const struct flag_step *s, const struct now *n, struct flag_step_end *end)
{
	uint64_t width = s->sp - n->sp, va = on_stack(n, n->sp), flags;

	if ((width == 2 || width == 4 || width == 8) && !x86_64_read_words(v, va, width, 1, &flags) && is_copy(s, flags, width))
		copied_to(end, s, va, flags);
}

/* The flags were on the stack, and so was TF, which is the guest's own. */
static void after_popf(struct view *v, const struct flag_step *s, const struct now *n, struct flag_step_end *end)
{
	uint64_t flags;

	if (!x86_64_read_words(v, on_stack(n, s->sp), 2, 1, &flags))
		end->own = flags & TF;
}

/* IRET has taken IP, CS and flags from the stack. Some KVMs step on through the next instruction, and its trap is due. */
static void after_iret(
	struct view *v, const struct flag_step *s, const struct now *n, const struct insn *insn, struct flag_step_end *end)
{
	bool is_32_bit = n->cr0 & CR0_PE;
	unsigned width = insn->rex_w ? 8 : is_32_bit != insn->operand_size ? 4 : 2;
	uint64_t word[3];

	if (x86_64_read_words(v, on_stack(n, s->sp), width, 3, word))
		return;
	end->own = word[2] & TF;
	end->trap |= end->own && word[0] != (n->pc & low(width));
}

/* SYSCALL copies RIP and RFLAGS to RCX and R11 (5.8.8). What becomes of TF is up to an MSR; kernels have TF cleared. */
static bool was_syscall(struct view *v, const struct flag_step *s, struct flag_step_end *end)
{
	uint64_t rcx, r11;

	if (v->get(v, X86_RCX, &rcx) || v->get(v, X86_R11, &r11) || rcx != s->pc + 2 || !is_copy(s, r11, 8))
		return false;
	*end = (struct flag_step_end){
		.copied = (r11 ^ s->flags) & TF,
		.key = X86_R11,
		.value = corrected(s, r11),
	};
	return true;
}

/*
 * A stack as an exception begins to push on it: words of this width, IP, CS, flags, or, when there are 5, with SP and SS
 * before.
 */
struct frame {
	uint64_t top;
	unsigned width, words;
};

/* sp is where it is when the whole frame has been pushed, or below. */
static bool is_below(uint64_t sp, const struct frame *f)
{
	return f->top - f->width * f->words - sp < STACK_MAX;
}

/* Is the frame there? TF is clear then (6.12.1, 6.14.2). */
static bool is_pushed(
	struct view *v, const struct flag_step *s, const struct now *n, const struct frame *f, struct flag_step_end *end)
{
	uint64_t va = on_stack(n, f->top - f->width * f->words), word[5];

	if (x86_64_read_words(v, va, f->width, f->words, word))
		return false;
	if ((low(f->width) & (word[0] - s->pc)) > X86_INSN_MAX || !is_copy(s, word[2], f->width))
		return false;
	if (f->words == 5 && word[3] != (s->sp & low(f->width)))
		return false;
	end->own = end->trap = false;
	copied_to(end, s, va + 2ull * f->width, word[2]);
	return true;
}

/* Offsets into the TSS of RSP0 (ESP0) and IST1 to IST7 (8.7, 8.2.1). */
static const uint8_t tss_stacks[] = { 0x04, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54 };

/* The stack has changed: is it now one of those that the TSS has for exceptions? */
static bool is_pushed_elsewhere(
	struct view *v, const struct flag_step *s, const struct now *n, unsigned width, struct flag_step_end *end)
{
	unsigned count = width == 8 ? sizeof(tss_stacks) : 1;
	struct frame f = { .width = width, .words = 5 };
	uint64_t tss;

	if (n->sp - s->sp < NEAR || v->get(v, X86_TR_BASE, &tss))
		return false;
	for (unsigned i = 0; i < count && !x86_64_read_words(v, tss + tss_stacks[i], width, 1, &f.top); i++) {
		if (width == 8)
			f.top &= ~15ull;
		if (is_below(n->sp, &f))
			return is_pushed(v, s, n, &f, end);
	}
	return false;
}

/* In 64-bit mode the stack is aligned, and SP always saved (6.14.2). Gates of 32-bit code are taken to be 32-bit ones. */
static bool was_exception(struct view *v, const struct flag_step *s, const struct now *n, struct flag_step_end *end)
{
	bool is_long = n->efer & EFER_LMA, is_protected = n->cr0 & CR0_PE;
	struct frame f = { s->sp, is_protected ? 4 : 2, 3 };

	if (is_long)
		f = (struct frame){ s->sp & ~15ull, 8, 5 };
	if (is_below(n->sp, &f))
		return is_pushed(v, s, n, &f, end);
	return is_protected && is_pushed_elsewhere(v, s, n, is_long ? 8 : 4, end);
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

static void after_insn(struct view *v, const struct flag_step *s, const struct now *n, struct flag_step_end *end)
{
	struct insn insn;

	if (was_exception(v, s, n, end))
		return;
	insn = find_insn(v, s, n);
	if (insn.opcode == INSN_PUSHF)
		after_pushf(v, s, n, end);
	else if (insn.opcode == INSN_POPF)
		after_popf(v, s, n, end);
	else if (insn.opcode == INSN_IRET)
		after_iret(v, s, n, &insn, end);
}

/* Most steps push and pop nothing, and memory is not looked at. */
static void ended(struct view *v, const struct flag_step *s, struct flag_step_end *end)
{
	struct now n;

	*end = (struct flag_step_end){ .own = s->flags & TF, .trap = s->flags & TF };
	if (s->flags & VM || v->get(v, X86_RIP, &n.pc) || v->get(v, X86_RSP, &n.sp) || was_syscall(v, s, end))
		return;
	if (n.sp != s->sp && !find_now(v, &n))
		after_insn(v, s, &n, end);
}

const struct arch_step_flag x86_64_step_flag = { .key = X86_RFLAGS, .bit = TF, .begins = begins, .ended = ended };
