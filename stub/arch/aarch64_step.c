/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What KVM's single-step does not get through: the way from a load-exclusive to its store-exclusive. The exception behind each
 * step clears the exclusives monitor (Arm Architecture Reference Manual DDI 0487, D2.12.5 "Stepping code that uses exclusive
 * monitors"), so that the store fails each time anew. Encodings: C4.1, "Load/store exclusive register", "exclusive pair", and
 * the branches.
 */
#include "aarch64.h"

/* What compilers and kernels write is shorter; the architecture promises progress for 128 bytes (B2.12.5). */
#define SEQUENCE_MAX (ARCH_CODE_SIZE / 4)

static uint32_t word_at(const uint8_t *code)
{
	return code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
}

/* Loads have bit 22. A pair of 32 bits or less is CASP, which is one instruction. */
static bool is_exclusive(uint32_t insn)
{
	return (insn & 0x3f800000) == 0x08000000 && ((insn & 0x00200000) == 0 || insn & 0x80000000);
}

static bool is_load_exclusive(uint32_t insn)
{
	return is_exclusive(insn) && insn & 0x00400000;
}

static bool is_store_exclusive(uint32_t insn)
{
	return is_exclusive(insn) && !(insn & 0x00400000);
}

/* The conditional branches, and where in the instruction the offset is, which counts instructions. */
static const struct branch {
	uint32_t mask, match;
	uint8_t shift, bits;
} branches[] = {
	{ 0xff000000, 0x54000000, 5, 19 }, /* b.cond, bc.cond */
	{ 0x7e000000, 0x34000000, 5, 19 }, /* cbz, cbnz */
	{ 0x7e000000, 0x36000000, 5, 14 }, /* tbz, tbnz */
};

static bool is_branch(uint32_t insn, int64_t *offset)
{
	for (unsigned i = 0; i < sizeof(branches) / sizeof(branches[0]); i++) {
		const struct branch *b = &branches[i];

		if ((insn & b->mask) == b->match) {
			int64_t field = (int64_t)((uint64_t)(insn >> b->shift) << (64 - b->bits)) >> (64 - b->bits);

			*offset = field * 4;
			return true;
		}
	}
	return false;
}

/* b, bl, br, blr, ret, eret, and svc and its kin: code that comes to one of these before the store has left the sequence. */
static bool leaves(uint32_t insn)
{
	return (insn & 0x7c000000) == 0x14000000 || (insn & 0xfe000000) == 0xd6000000 || (insn & 0xff000000) == 0xd4000000;
}

/* Bytes from the load at code to behind its store; 0 when there is none. */
static size_t sequence_size(const uint8_t *code, size_t len)
{
	for (size_t at = 4, n = 1; n < SEQUENCE_MAX && at + 4 <= len; at += 4, n++) {
		uint32_t insn = word_at(code + at);

		if (is_store_exclusive(insn))
			return at + 4;
		if (leaves(insn))
			return 0;
	}
	return 0;
}

int aarch64_successors(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS])
{
	size_t size = len >= 4 && is_load_exclusive(word_at(code)) ? sequence_size(code, len) : 0;
	uint64_t pstate = 0;
	int n = 0;

	v->get(v, A64_PSTATE, &pstate);
	if (!size || pstate & A64_MODE_32)
		return 0;
	next[n++] = pc + size;
	for (size_t at = 4; at < size; at += 4) {
		int64_t offset;

		if (!is_branch(word_at(code + at), &offset) || at + (uint64_t)offset <= size)
			continue;
		if (n == ARCH_SUCCESSORS)
			return 0;
		next[n++] = pc + at + (uint64_t)offset;
	}
	return n;
}
