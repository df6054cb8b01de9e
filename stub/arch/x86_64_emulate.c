/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the first instructions of functions do, of 64-bit code: see emulate.h. Encodings are those of Intel's SDM, volume 2; what is
 * not in the table, and each prefix but REX in front of what is, is left to the processor.
 */
#include <errno.h>
#include <string.h>

#include "view_all.h"
#include "walk_writable.h"
#include "x86_64.h"

/* RFLAGS (SDM volume 1, 3.4.3) */
#define CF (1ull << 0)
#define PF (1ull << 2)
#define AF (1ull << 4)
#define ZF (1ull << 6)
#define SF (1ull << 7)
#define TF (1ull << 8)
#define OF (1ull << 11)
#define RF (1ull << 16)
#define VM (1ull << 17)
#define STATUS (CF | PF | AF | ZF | SF | OF)

#define CR4_CET (1ull << 23) /* shadow stacks, and ENDBR's tracker */
#define CR4_PKS (1ull << 24)
#define DR7_ENABLED 0xffull
#define ENTRY_A (1ull << 5)
#define ENTRY_D (1ull << 6)

#define REX_B 1
#define REX_X 2
#define REX_R 4
#define REX_W 8

#define RSP 4
#define RBP 5

/* Of struct kvm_vcpu_events: exception.injected and .pending, interrupt.injected and .shadow, nmi.injected. */
static const struct {
	uint64_t key, bits;
} events[] = {
	{ KEY_BLOCK(X86_EVENTS, 4, 0), 0xff0000ff },
	{ KEY_BLOCK(X86_EVENTS, 4, 8), 0xff0000ff },
	{ KEY_BLOCK(X86_EVENTS, 1, 12), 0xff },
};

/* An instruction that is being decoded; `at` is behind what has been read of it. */
struct insn {
	struct view *v;
	struct arch_effect *e;
	const uint8_t *code;
	size_t len, at;
	uint64_t rip, flags;
	unsigned rex; /* its low bits */
	unsigned opcode;
	unsigned mod, reg, rm; /* of ModRM; REX is in reg and rm */
	uint64_t address;      /* of an operand in memory */
	bool by_stack;	       /* ... which rsp alone says */
	uint64_t imm;	       /* sign-extended */
	int err;
};

/* ---- registers ---- */

/* Their numbers in instructions, and where they are in struct kvm_regs */
static const uint8_t reg_at[16] = { 0x00, 0x10, 0x18, 0x08, 0x30, 0x38, 0x20, 0x28, 0x40, 0x48, 0x50, 0x58, 0x60, 0x68, 0x70,
	0x78 };

static uint64_t key_of(unsigned reg)
{
	return KEY_BLOCK(X86_REGS, 8, reg_at[reg & 15]);
}

static uint64_t get(struct insn *i, uint64_t key)
{
	uint64_t value = 0;
	int err = i->v->get(i->v, key, &value);

	if (err)
		i->err = err;
	return value;
}

/* As much of it as the operand has: 64 bits or 32. */
static uint64_t narrow(const struct insn *i, uint64_t value)
{
	return i->rex & REX_W ? value : value & UINT32_MAX;
}

static uint64_t reg(struct insn *i, unsigned n)
{
	return narrow(i, get(i, key_of(n)));
}

/* 32 bits are zero-extended. */
static int put(struct insn *i, unsigned n, uint64_t value)
{
	effect_set(i->e, key_of(n), narrow(i, value));
	return 0;
}

/* ---- the table's functions: 0, or -ENOENT ---- */

static int do_long_nop(struct insn *i)
{
	return i->reg & 7 ? -ENOENT : 0;
}

/* 0x90 with REX.B is an exchange. */
static int do_nop(struct insn *i)
{
	return i->rex & REX_B ? -ENOENT : 0;
}

static int store(struct insn *i, uint64_t va, uint64_t value, unsigned size)
{
	uint64_t pa, entry;
	int err;

	if (get(i, X86_SS_DPL) || get(i, X86_CR4) & CR4_PKS || get(i, X86_DR7) & DR7_ENABLED)
		return -ENOENT;
	err = walk_writable(i->v, x86_64_translate, ENTRY_A, ENTRY_D, va, size, &pa, &entry);
	if (!err)
		effect_store(i->e, pa, value, size);
	return err;
}

static int push(struct insn *i, uint64_t value)
{
	uint64_t sp = get(i, X86_RSP) - 8;

	effect_set(i->e, X86_RSP, sp);
	return store(i, sp, value, 8);
}

static int do_push(struct insn *i)
{
	return push(i, get(i, key_of(i->rm)));
}

static int do_mov_imm(struct insn *i)
{
	return put(i, i->rm, i->imm);
}

static int do_mov_imm_modrm(struct insn *i)
{
	return i->mod == 3 && !(i->reg & 7) ? do_mov_imm(i) : -ENOENT;
}

static int do_lea(struct insn *i)
{
	return i->mod == 3 ? -ENOENT : put(i, i->reg, i->address);
}

static int do_mov_from_reg(struct insn *i)
{
	if (i->mod == 3)
		return put(i, i->rm, reg(i, i->reg));
	return i->by_stack ? store(i, i->address, reg(i, i->reg), i->rex & REX_W ? 8 : 4) : -ENOENT;
}

static int do_mov_to_reg(struct insn *i)
{
	return i->mod == 3 ? put(i, i->reg, reg(i, i->rm)) : -ENOENT;
}

/* Only canonical addresses are gone to; those of 57 bits are left to the processor. */
static int jump(struct insn *i, uint64_t to)
{
	if (walk_is_between(to, 48))
		return -ENOENT;
	effect_set(i->e, X86_RIP, to);
	return 0;
}

static int do_jmp(struct insn *i)
{
	return jump(i, i->rip + i->at + i->imm);
}

static int do_call(struct insn *i)
{
	int err = push(i, i->rip + i->at);

	return err ? err : do_jmp(i);
}

/* The condition in an opcode's low bits (SDM volume 1, appendix B). */
static bool holds(const struct insn *i)
{
	uint64_t f = i->flags;
	bool less = !(f & SF) != !(f & OF), is;

	switch (i->opcode >> 1 & 7) {
	case 0:
		is = f & OF;
		break;
	case 1:
		is = f & CF;
		break;
	case 2:
		is = f & ZF;
		break;
	case 3:
		is = f & (CF | ZF);
		break;
	case 4:
		is = f & SF;
		break;
	case 5:
		is = f & PF;
		break;
	case 6:
		is = less;
		break;
	default:
		is = less || f & ZF;
	}
	return is != (i->opcode & 1);
}

static int do_jcc(struct insn *i)
{
	return holds(i) ? do_jmp(i) : 0;
}

/* ---- arithmetic ---- */

enum operation { /* as in opcodes */
	OP_ADD,
	OP_OR,
	OP_AND = 4,
	OP_SUB,
	OP_XOR,
	OP_CMP
};

static uint64_t status_of(const struct insn *i, uint64_t result, uint64_t carry, uint64_t overflow, uint64_t adjust)
{
	uint64_t top = 1ull << (i->rex & REX_W ? 63 : 31);

	return (carry ? CF : 0) | (__builtin_parity(result & 0xff) ? 0 : PF) | (adjust & AF) | (result ? 0 : ZF) |
	       (result & top ? SF : 0) | (overflow & top ? OF : 0);
}

/* AF is undefined after a logical operation; processors clear it. */
static uint64_t calculate(struct insn *i, enum operation op, uint64_t a, uint64_t b)
{
	uint64_t r, status;

	if (op == OP_ADD) {
		r = narrow(i, a + b);
		status = status_of(i, r, r < a, (a ^ r) & (b ^ r), a ^ b ^ r);
	} else if (op == OP_SUB || op == OP_CMP) {
		r = narrow(i, a - b);
		status = status_of(i, r, a < b, (a ^ b) & (a ^ r), a ^ b ^ r);
	} else {
		r = op == OP_OR ? a | b : op == OP_AND ? a & b : a ^ b;
		status = status_of(i, r, 0, 0, 0);
	}
	i->flags = (i->flags & ~STATUS) | status;
	return r;
}

/* With carry and borrow, 2 and 3, it is left to the processor. */
static int operate(struct insn *i, unsigned op, unsigned to, uint64_t b)
{
	uint64_t r;

	if (i->mod != 3 || op == 2 || op == 3)
		return -ENOENT;
	r = calculate(i, op, reg(i, to), narrow(i, b));
	return op == OP_CMP ? 0 : put(i, to, r);
}

static int do_op_imm(struct insn *i)
{
	return operate(i, i->reg & 7, i->rm, i->imm);
}

static int do_op_from_reg(struct insn *i)
{
	return operate(i, i->opcode >> 3, i->rm, reg(i, i->reg));
}

static int do_op_to_reg(struct insn *i)
{
	return operate(i, i->opcode >> 3, i->reg, reg(i, i->rm));
}

static int do_test(struct insn *i)
{
	if (i->mod != 3)
		return -ENOENT;
	calculate(i, OP_AND, reg(i, i->rm), reg(i, i->reg));
	return 0;
}

/* ---- the table ---- */

#define MODRM 1
#define IMM8 2
#define IMM32 4
#define IMM_FULL 8  /* 64 bits with REX.W, else 32 */
#define PADDED 0x10 /* prefixes that say nothing here: 0x66, 0x2e */

/* An opcode of two bytes is 0x0f00 and the second. */
static const struct row {
	const char *name;
	unsigned mask, value, form;
	int (*run)(struct insn *i);
} rows[] = {
	{ "nop", 0xffff, 0x90, PADDED, do_nop },
	{ "nop (long)", 0xffff, 0x0f1f, MODRM | PADDED, do_long_nop },
	{ "push", 0xfff8, 0x50, 0, do_push },
	{ "mov from register", 0xffff, 0x89, MODRM, do_mov_from_reg },
	{ "mov to register", 0xffff, 0x8b, MODRM, do_mov_to_reg },
	{ "mov immediate", 0xfff8, 0xb8, IMM_FULL, do_mov_imm },
	{ "mov immediate (sign-extended)", 0xffff, 0xc7, MODRM | IMM32, do_mov_imm_modrm },
	{ "lea", 0xffff, 0x8d, MODRM, do_lea },
	{ "add/or/and/sub/xor/cmp imm8", 0xffff, 0x83, MODRM | IMM8, do_op_imm },
	{ "add/or/and/sub/xor/cmp imm32", 0xffff, 0x81, MODRM | IMM32, do_op_imm },
	{ "add/or/and/sub/xor/cmp from register", 0xffc7, 0x01, MODRM, do_op_from_reg },
	{ "add/or/and/sub/xor/cmp to register", 0xffc7, 0x03, MODRM, do_op_to_reg },
	{ "test", 0xffff, 0x85, MODRM, do_test },
	{ "jmp rel8", 0xffff, 0xeb, IMM8, do_jmp },
	{ "jmp rel32", 0xffff, 0xe9, IMM32, do_jmp },
	{ "jcc rel8", 0xfff0, 0x70, IMM8, do_jcc },
	{ "jcc rel32", 0xfff0, 0x0f80, IMM32, do_jcc },
	{ "call rel32", 0xffff, 0xe8, IMM32, do_call },
};

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

/* ---- decoding ---- */

static unsigned next_byte(struct insn *i)
{
	if (i->at < i->len)
		return i->code[i->at++];
	i->err = -ENOENT;
	return 0;
}

/* Sign-extended. */
static uint64_t next_number(struct insn *i, unsigned size)
{
	uint64_t value = 0;

	for (unsigned n = 0; n < size; n++)
		value |= (uint64_t)next_byte(i) << 8 * n;
	return size == 8 ? value : (value ^ 1ull << (8 * size - 1)) - (1ull << (8 * size - 1));
}

static void decode_address(struct insn *i)
{
	unsigned sib, index, base = i->rm & 7;
	bool relative = i->mod == 0 && base == RBP;

	if (base == RSP) {
		sib = next_byte(i);
		index = (sib >> 3 & 7) | (i->rex & REX_X ? 8 : 0);
		base = (sib & 7);
		i->by_stack = index == RSP && base == RSP && !(i->rex & REX_B);
		if (index != RSP)
			i->address = get(i, key_of(index)) << (sib >> 6);
		if (base != RBP || i->mod)
			i->address += get(i, key_of(base | (i->rex & REX_B ? 8 : 0)));
		else
			i->address += next_number(i, 4);
	} else if (relative) {
		i->address = next_number(i, 4);
	} else {
		i->address = get(i, key_of(i->rm));
	}
	if (i->mod)
		i->address += next_number(i, i->mod == 1 ? 1 : 4);
	if (relative) /* no instruction of the table has an immediate behind it that uses the address */
		i->address += i->rip + i->at;
}

static void decode_modrm(struct insn *i)
{
	unsigned modrm = next_byte(i);

	i->mod = modrm >> 6;
	i->reg = (modrm >> 3 & 7) | (i->rex & REX_R ? 8 : 0);
	i->rm = (modrm & 7) | (i->rex & REX_B ? 8 : 0);
	if (i->mod != 3)
		decode_address(i);
}

static void decode_operands(struct insn *i, unsigned form)
{
	if (form & MODRM)
		decode_modrm(i);
	else
		i->rm = (i->opcode & 7) | (i->rex & REX_B ? 8 : 0);
	if (form & IMM8)
		i->imm = next_number(i, 1);
	else if (form & IMM32)
		i->imm = next_number(i, 4);
	else if (form & IMM_FULL)
		i->imm = next_number(i, i->rex & REX_W ? 8 : 4);
}

static const struct row *decode_opcode(struct insn *i)
{
	size_t prefixes = 0;
	unsigned byte = next_byte(i);

	for (; byte == 0x66 || byte == 0x2e; byte = next_byte(i))
		prefixes++;
	if ((byte & 0xf0) == 0x40) {
		i->rex = byte & 15;
		byte = next_byte(i);
	}
	i->opcode = byte == 0x0f ? 0x0f00 | next_byte(i) : byte;
	for (unsigned n = 0; n < COUNT_OF(rows); n++)
		if ((i->opcode & rows[n].mask) == rows[n].value && (!prefixes || rows[n].form & PADDED))
			return &rows[n];
	return NULL;
}

/* ---- when ---- */

/* 64-bit code, in which nothing else is due. */
static int find_state(struct insn *i, const struct arch_page *page)
{
	i->rip = get(i, X86_RIP);
	i->flags = get(i, X86_RFLAGS);
	if (!(get(i, X86_EFER) & EFER_LMA) || !get(i, X86_CS_L) || get(i, X86_CR4) & CR4_CET || i->flags & (TF | VM))
		return -ENOENT;
	for (unsigned n = 0; n < COUNT_OF(events); n++)
		if (get(i, events[n].key) & events[n].bits)
			return -ENOENT;
	return effect_is_allowed(page, get(i, X86_SS_DPL)) ? i->err : -ENOENT;
}

/* RF is clear after every instruction. rip is behind it where it is not a jump that is taken. */
static void finish(struct insn *i, uint64_t flags_before)
{
	bool jumps = false;

	i->flags &= ~RF;
	if (i->flags != flags_before)
		effect_set(i->e, X86_RFLAGS, i->flags);
	for (unsigned n = 0; n < i->e->n; n++)
		jumps |= i->e->value[n].key == X86_RIP;
	if (!jumps)
		effect_set(i->e, X86_RIP, i->rip + i->at);
}

static int effect(struct view *v, const struct arch_page *page, const uint8_t *code, size_t len, struct arch_effect *e)
{
	struct insn i = { .v = v, .e = e, .code = code, .len = len < X86_INSN_MAX ? len : X86_INSN_MAX };
	const struct row *row;
	uint64_t flags;
	int err;

	*e = (struct arch_effect){ .name = "endbr64" };
	err = find_state(&i, page);
	if (err)
		return err;
	flags = i.flags;
	if (i.len >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64))) {
		i.at = sizeof(endbr64);
	} else {
		row = decode_opcode(&i);
		if (!row)
			return -ENOENT;
		e->name = row->name;
		decode_operands(&i, row->form);
		err = i.err ? i.err : row->run(&i);
	}
	if (err || i.err)
		return err ? err : i.err;
	finish(&i, flags);
	return walk_is_between(i.rip + i.at, 48) ? -ENOENT : 0;
}

static bool row(unsigned n, const char **name, uint32_t *mask, uint32_t *value)
{
	if (n >= COUNT_OF(rows))
		return false;
	*name = rows[n].name;
	*mask = rows[n].mask;
	*value = rows[n].value;
	return true;
}

const struct arch_emulate x86_64_emulate = { .effect = effect, .row = row };
