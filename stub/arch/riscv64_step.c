/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a riscv64 instruction leads, for a software step. Encodings: RISC-V Instruction Set Manual, volume I ("RV32/64G
 * Instruction Set Listings" and "RVC Instruction Set Listings"), volume II for sret.
 *
 * An instruction that traps (a page fault) is not foreseen: the step ends when the guest's handler has returned to it. Only
 * ecall from user mode, which always does, ends at the handler.
 */
#include <errno.h>

#include "riscv64.h"

enum flow {
	FLOW_NEXT,     /* to the instruction behind */
	FLOW_JUMP,     /* pc + offset */
	FLOW_BRANCH,   /* the same, or to the instruction behind */
	FLOW_INDIRECT, /* x[rs1] + offset */
	FLOW_SRET,
	FLOW_ECALL,
	FLOW_RESERVE,	 /* lr.w, lr.d */
	FLOW_CONDITIONAL /* sc.w, sc.d */
};

struct insn {
	uint32_t bits;
	unsigned size; /* in bytes */
	enum flow flow;
	int64_t offset;
	unsigned rs1, rs2;
	unsigned condition; /* funct3 of the BRANCH opcode */
};

static uint32_t field(uint32_t bits, unsigned at, unsigned width)
{
	return bits >> at & ((1u << width) - 1);
}

/* A piece of an immediate: bits at..at+width-1 of the instruction are bits to.. of it. */
struct piece {
	uint8_t at, width, to;
};

/* The pieces, up to one of width 0, as a signed number of so many bits. */
static int64_t immediate(uint32_t bits, const struct piece *pieces, unsigned sign)
{
	uint64_t value = 0;

	for (; pieces->width; pieces++)
		value |= (uint64_t)field(bits, pieces->at, pieces->width) << pieces->to;
	return (int64_t)(value << (64 - sign)) >> (64 - sign);
}

static const struct piece imm_j[] = { { 21, 10, 1 }, { 20, 1, 11 }, { 12, 8, 12 }, { 31, 1, 20 }, { 0 } };
static const struct piece imm_b[] = { { 8, 4, 1 }, { 25, 6, 5 }, { 7, 1, 11 }, { 31, 1, 12 }, { 0 } };
static const struct piece imm_i[] = { { 20, 12, 0 }, { 0 } };
static const struct piece imm_cj[] = { { 3, 3, 1 }, { 11, 1, 4 }, { 2, 1, 5 }, { 7, 1, 6 }, { 6, 1, 7 }, { 9, 2, 8 },
	{ 8, 1, 10 }, { 12, 1, 11 }, { 0 } };
static const struct piece imm_cb[] = { { 3, 2, 1 }, { 10, 2, 3 }, { 2, 1, 5 }, { 5, 2, 6 }, { 12, 1, 8 }, { 0 } };

/* ---- decoding ---- */

#define OPCODE_AMO 0x2f
#define OPCODE_BRANCH 0x63
#define OPCODE_JALR 0x67
#define OPCODE_JAL 0x6f
#define INSN_ECALL 0x00000073
#define INSN_SRET 0x10200073

/* funct5 of AMO */
#define AMO_LR 2
#define AMO_SC 3

static void decode_full(struct insn *i)
{
	i->rs1 = field(i->bits, 15, 5);
	i->rs2 = field(i->bits, 20, 5);
	i->condition = field(i->bits, 12, 3);
	switch (field(i->bits, 0, 7)) {
	case OPCODE_JAL:
		i->flow = FLOW_JUMP;
		i->offset = immediate(i->bits, imm_j, 21);
		break;
	case OPCODE_JALR:
		i->flow = FLOW_INDIRECT;
		i->offset = immediate(i->bits, imm_i, 12);
		break;
	case OPCODE_BRANCH:
		i->flow = FLOW_BRANCH;
		i->offset = immediate(i->bits, imm_b, 13);
		break;
	case OPCODE_AMO:
		if (field(i->bits, 27, 5) == AMO_LR)
			i->flow = FLOW_RESERVE;
		else if (field(i->bits, 27, 5) == AMO_SC)
			i->flow = FLOW_CONDITIONAL;
		break;
	}
	if (i->bits == INSN_ECALL)
		i->flow = FLOW_ECALL;
	if (i->bits == INSN_SRET)
		i->flow = FLOW_SRET;
}

/* Quadrant and funct3 */
#define RVC(quadrant, funct3) ((funct3) << 2 | (quadrant))
#define RVC_J RVC(1, 5)
#define RVC_BEQZ RVC(1, 6)
#define RVC_BNEZ RVC(1, 7)
#define RVC_JR_JALR RVC(2, 4) /* with c.mv, c.add and c.ebreak */

static void decode_compressed(struct insn *i)
{
	switch (RVC(field(i->bits, 0, 2), field(i->bits, 13, 3))) {
	case RVC_J:
		i->flow = FLOW_JUMP;
		i->offset = immediate(i->bits, imm_cj, 12);
		break;
	case RVC_BEQZ:
	case RVC_BNEZ:
		i->flow = FLOW_BRANCH;
		i->offset = immediate(i->bits, imm_cb, 9);
		i->rs1 = 8 + field(i->bits, 7, 3);
		i->condition = field(i->bits, 13, 1); /* beq is 0, bne is 1 */
		break;
	case RVC_JR_JALR:
		i->rs1 = field(i->bits, 7, 5);
		if (i->rs1 && !field(i->bits, 2, 5))
			i->flow = FLOW_INDIRECT;
		break;
	}
}

/* False when it is not all there, or longer than 32 bits, which no ratified instruction is. */
static bool decode(struct insn *i, const uint8_t *code, size_t len)
{
	*i = (struct insn){ .flow = FLOW_NEXT };
	if (len < 2)
		return false;
	i->bits = code[0] | code[1] << 8;
	i->size = field(i->bits, 0, 2) == 3 ? 4 : 2;
	if (i->size == 2) {
		decode_compressed(i);
		return true;
	}
	if (len < 4 || field(i->bits, 2, 3) == 7)
		return false;
	i->bits |= (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
	decode_full(i);
	return true;
}

/* ---- where it leads ---- */

static int get_x(struct view *v, unsigned n, uint64_t *value)
{
	*value = 0;
	return n ? v->get(v, RV_X(n), value) : 0;
}

/* The conditions come in pairs, the odd one being the opposite. */
static bool holds(unsigned condition, uint64_t a, uint64_t b)
{
	bool even;

	switch (condition >> 1) {
	case 0:
		even = a == b;
		break;
	case 2:
		even = (int64_t)a < (int64_t)b;
		break;
	default:
		even = a < b;
		break;
	}
	return even != (condition & 1);
}

static int after_branch(struct view *v, uint64_t pc, const struct insn *i, uint64_t *next)
{
	uint64_t a, b;
	int err = get_x(v, i->rs1, &a);

	if (!err)
		err = get_x(v, i->rs2, &b);
	if (!err)
		*next = pc + (holds(i->condition, a, b) ? (uint64_t)i->offset : i->size);
	return err;
}

static int after_indirect(struct view *v, const struct insn *i, uint64_t *next)
{
	uint64_t base;
	int err = get_x(v, i->rs1, &base);

	*next = (base + (uint64_t)i->offset) & ~1ull;
	return err;
}

/* From supervisor mode it is a call of KVM's SBI, which comes back. stvec's low bits are its mode, of interrupts only. */
static int after_ecall(struct view *v, uint64_t pc, const struct insn *i, uint64_t *next)
{
	uint64_t mode;
	int err = v->get(v, RV_MODE, &mode);

	*next = pc + i->size;
	if (err || mode != RV_MODE_U)
		return err;
	err = v->get(v, RV_STVEC, next);
	*next &= ~3ull;
	return err;
}

static int after(struct view *v, uint64_t pc, const struct insn *i, uint64_t *next)
{
	switch (i->flow) {
	case FLOW_JUMP:
		*next = pc + (uint64_t)i->offset;
		return 0;
	case FLOW_BRANCH:
		return after_branch(v, pc, i, next);
	case FLOW_INDIRECT:
		return after_indirect(v, i, next);
	case FLOW_SRET:
		return v->get(v, RV_SEPC, next);
	case FLOW_ECALL:
		return after_ecall(v, pc, i, next);
	default:
		*next = pc + i->size;
		return 0;
	}
}

/* ---- from lr to sc: an ebreak between them would take the reservation away, each time anew ---- */

/* "LR/SC sequences" that are sure to succeed have up to 16 instructions, the branch back behind sc included. */
#define SEQUENCE_MAX 16

/* Bytes from the lr at code to behind its sc; 0 when there is none, or a way to get out that is no branch. */
static size_t sequence_size(const uint8_t *code, size_t len)
{
	struct insn i;
	size_t at = 0;

	for (unsigned n = 0; n < SEQUENCE_MAX && decode(&i, code + at, len - at); n++) {
		at += i.size;
		if (i.flow == FLOW_CONDITIONAL)
			return at;
		if (n && i.flow != FLOW_NEXT && i.flow != FLOW_BRANCH)
			return 0;
	}
	return 0;
}

/* Behind the sc, and where branches lead out. 0 when it is no sequence, or one with too many of them. */
static int after_sequence(uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS])
{
	size_t size = sequence_size(code, len);
	struct insn i;
	int n = 0;

	if (!size)
		return 0;
	next[n++] = pc + size;
	for (size_t at = 0; at < size && decode(&i, code + at, size - at); at += i.size) {
		uint64_t offset = at + (uint64_t)i.offset;

		if (i.flow != FLOW_BRANCH || offset <= size)
			continue;
		if (n == ARCH_SUCCESSORS)
			return 0;
		next[n++] = pc + offset;
	}
	return n;
}

int riscv64_successors(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS])
{
	struct insn i;
	int n = 0, err;

	if (!decode(&i, code, len))
		return -EOPNOTSUPP;
	if (i.flow == FLOW_RESERVE)
		n = after_sequence(pc, code, len, next);
	if (n)
		return n;
	err = after(v, pc, &i, next);
	return err ? err : 1;
}
