/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which breakpoint instruction goes where: applications may have AArch32 code, in two encodings, and an opcode of the wrong one
 * is no breakpoint but some other instruction. A debugger that was told of an AArch64 processor does not say which (its kind is
 * 4 for all).
 *
 * EL1 is AArch64's, so what EL0 may not execute is A64. For other code the vCPU's state says something, and so do the
 * instructions that are there: code of one encoding, read as another, is a jumble. (In a C library: of A64 code 4 in 1000
 * places are not known for it, of T32 code 2 in 1000 may be taken for A64 where the state says nothing, of A32 code none.)
 *
 * Names and encodings are those of the Arm Architecture Reference Manual (DDI 0487): C4.1 for A64, F3 and F4 for T32 and A32,
 * C6.2 for BRK, F5.1 for BKPT.
 */
#include <errno.h>

#include "aarch64.h"
#include "view_all.h"

static const uint8_t brk_0[] = { 0x00, 0x00, 0x20, 0xd4 };
static const uint8_t a32_bkpt_0[] = { 0x70, 0x00, 0x20, 0xe1 };
static const uint8_t t32_bkpt_0[] = { 0x00, 0xbe };

static const struct arch_opcode a64 = { brk_0, sizeof(brk_0) };
static const struct arch_opcode a32 = { a32_bkpt_0, sizeof(a32_bkpt_0) };
static const struct arch_opcode t32 = { t32_bkpt_0, sizeof(t32_bkpt_0) };

/* ID_AA64PFR0_EL1.EL0: 2, AArch64 and AArch32. */
static bool has_aarch32(struct view *v)
{
	uint64_t pfr0;

	return !v->get(v, A64_ID_AA64PFR0_EL1, &pfr0) && (pfr0 & 15) == 2;
}

static bool is_t32(uint64_t pstate)
{
	return pstate & A64_MODE_32 && pstate & A64_PSTATE_T;
}

/*
 * What compilers write, in the main. Branches and literals are not far: bits that an offset has, and those that make a
 * difference.
 */
static const struct {
	uint32_t mask, match;
	uint8_t at, bits, used;
} common[] = {
	{ 0x1f000000, 0x10000000, 0, 0, 0 },   /* adr, adrp */
	{ 0x1f800000, 0x11000000, 0, 0, 0 },   /* add, sub immediate */
	{ 0x1f000000, 0x12000000, 0, 0, 0 },   /* and, orr, eor immediate; movn, movz, movk */
	{ 0x1f800000, 0x13000000, 0, 0, 0 },   /* sbfm, bfm, ubfm */
	{ 0x7fa00000, 0x13800000, 0, 0, 0 },   /* extr */
	{ 0x1f000000, 0x0a000000, 0, 0, 0 },   /* and, orr, eor, bic, ... */
	{ 0x1f200000, 0x0b000000, 0, 0, 0 },   /* add, sub */
	{ 0x1fe00000, 0x0b200000, 0, 0, 0 },   /* ... extended */
	{ 0x1fe00000, 0x1a800000, 0, 0, 0 },   /* csel */
	{ 0x3fe00000, 0x3a400000, 0, 0, 0 },   /* ccmp */
	{ 0x3fe00000, 0x1ac00000, 0, 0, 0 },   /* udiv, lslv, rev, clz, ... */
	{ 0x7f000000, 0x1b000000, 0, 0, 0 },   /* madd */
	{ 0x7c000000, 0x14000000, 0, 26, 23 }, /* b, bl */
	{ 0xff000010, 0x54000000, 5, 19, 14 }, /* b.cond */
	{ 0x7e000000, 0x34000000, 5, 19, 14 }, /* cbz */
	{ 0x7e000000, 0x36000000, 5, 14, 14 }, /* tbz */
	{ 0x3b000000, 0x18000000, 5, 19, 14 }, /* ldr literal */
	{ 0xba000000, 0x28000000, 0, 0, 0 },   /* ldp, stp */
	{ 0xfa000000, 0xa8000000, 0, 0, 0 },   /* ... of 64 bits */
	{ 0x3b000000, 0x39000000, 0, 0, 0 },   /* ldr, str */
	{ 0x3b200000, 0x38000000, 0, 0, 0 },   /* ... unscaled, pre- and post-indexed */
	{ 0x3b200c00, 0x38200800, 0, 0, 0 },   /* ... register offset */
	{ 0x3f000000, 0x08000000, 0, 0, 0 },   /* ldxr, ldar, cas */
	{ 0xffe0001c, 0xd4000000, 0, 0, 0 },   /* svc, hvc, smc */
	{ 0xffe0001f, 0xd4200000, 0, 0, 0 },   /* brk */
	{ 0xffc00000, 0xd5000000, 0, 0, 0 },   /* nop, barriers, msr, mrs, sys */
	{ 0xff9ff000, 0xd61f0000, 0, 0, 0 },   /* br, blr, ret */
	{ 0xffffffff, 0xd69f03e0, 0, 0, 0 },   /* eret */
	{ 0x5f200000, 0x1e200000, 0, 0, 0 },   /* fadd, fmov, ... */
	{ 0x9f200400, 0x0e200400, 0, 0, 0 },   /* of vectors */
	{ 0x9ff80400, 0x0f000400, 0, 0, 0 },   /* movi */
};

static bool is_near(uint32_t insn, unsigned at, unsigned bits, unsigned used)
{
	int32_t offset = (int32_t)(insn << (32 - at - bits)) >> (32 - bits);

	return offset >> (used - 1) == 0 || offset >> (used - 1) == -1;
}

static bool is_common(uint32_t insn)
{
	for (unsigned i = 0; i < COUNT_OF(common); i++)
		if ((insn & common[i].mask) == common[i].match)
			return !common[i].bits || is_near(insn, common[i].at, common[i].bits, common[i].used);
	return false;
}

/*
 * "Always", which most of A32 begins with (F1.3.1, "Conditional execution"); so do halfwords of T32's longer instructions ...
 */
static bool is_always(uint32_t insn)
{
	return insn >> 28 == 0xe;
}

/* ... but few of these look like A32's data processing, loads and stores. */
static bool is_plain_a32(uint32_t insn)
{
	return insn >> 27 == 0xe << 1;
}

#define PAGE 4096
#define BEFORE 8
#define BEHIND 16

/* What an instruction and its neighbours look like. Words that are 0 say nothing. */
struct looks {
	bool a64, a32;
	bool near_a32; /* there may be A32 code, at least */
};

static bool read_word(struct view *v, uint64_t pa, uint32_t *word)
{
	uint8_t bytes[4];

	if (v->read_phys(v, pa, bytes, sizeof(bytes)))
		return false;
	*word = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	return true;
}

static struct looks look(struct view *v, uint64_t pa)
{
	uint64_t page = pa - pa % PAGE, from = pa - page < 4 * BEFORE ? page : pa - 4 * BEFORE;
	unsigned words = 0, commons = 0, always = 0, plain = 0;
	uint32_t word = 0;
	bool known = read_word(v, pa, &word), itself_a64 = known && is_common(word), itself_a32 = known && is_always(word);
	bool next_a32 = false; /* a neighbour can be nothing but A32 */

	for (uint64_t at = from; at < pa + 4 * BEHIND && at < page + PAGE; at += 4) {
		if (!read_word(v, at, &word) || !word)
			continue;
		words++;
		commons += is_common(word);
		always += is_always(word);
		plain += is_plain_a32(word);
		next_a32 |= at + 8 >= pa && at <= pa + 8 && is_always(word) && !is_common(word);
	}
	return (struct looks){
		.a64 = itself_a64 && !next_a32 && 4 * commons >= 3 * words && 2 * always < words,
		.a32 = itself_a32 && 4 * always >= 3 * words && 2 * plain >= words,
		.near_a32 = 2 * always >= words,
	};
}

/* An application is of one state: this one, or the one that EL1 was entered from, if it has not been entered again since. */
static bool is_aarch32s(struct view *v, const struct arch_page *page, uint64_t pstate)
{
	uint64_t spsr = 0;

	if (page->access & ARCH_PAGE_BARE)
		return false;
	v->get(v, A64_SPSR_EL1, &spsr);
	return (pstate | spsr) & A64_MODE_32;
}

/* What EL0 may execute. */
static const struct arch_opcode *by_looks(struct view *v, const struct arch_page *page, uint64_t pstate)
{
	struct looks looks = look(v, page->pa);

	if (looks.a64 && !is_aarch32s(v, page, pstate))
		return &a64;
	if (is_t32(pstate))
		return looks.near_a32 ? NULL : &t32;
	return looks.a32 ? &a32 : NULL;
}

static const struct arch_opcode *find_trap(
	struct view *v, uint64_t va, uint64_t kind, const struct arch_page *page, uint64_t pstate)
{
	if (!has_aarch32(v))
		return &a64;
	if (va % 4 || kind == 2 || kind == 3)
		return &t32;
	if (!(page->access & (ARCH_PAGE_BARE | ARCH_PAGE_USER)))
		return &a64;
	if ((pstate & A64_MODE_MASK) == A64_MODE_EL0 && !(page->access & ARCH_PAGE_BARE))
		return &a64;
	return by_looks(v, page, pstate);
}

int aarch64_trap_at(struct view *v, uint64_t va, uint64_t kind, const struct arch_page *page, struct arch_opcode *opcode)
{
	const struct arch_opcode *found;
	uint64_t pstate;
	int err = v->get(v, A64_PSTATE, &pstate);

	if (err)
		return err;
	found = find_trap(v, va, kind, page, pstate);
	if (!found)
		return -EILSEQ;
	*opcode = *found;
	return 0;
}

unsigned aarch64_insn_at(struct view *v, uint64_t va, uint64_t kind)
{
	uint64_t pstate = 0;

	if (va % 2 || !has_aarch32(v))
		return va % 4 ? 0 : 4;
	v->get(v, A64_PSTATE, &pstate);
	return va % 4 || kind == 2 || kind == 3 || is_t32(pstate) ? 2 : 4;
}
