/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: interrupts wait while PSTATE.I and PSTATE.F are set. Encodings and names are those of the Arm Architecture Reference
 * Manual (DDI 0487): C5.2, "DAIF", C6.2 for MSR (immediate), ERET, HVC, SMC.
 *
 * WFI needs nothing: the vCPU wakes up for an interrupt whether that is masked or not (D1.6.2, "Wait for Interrupt").
 */
#include "aarch64.h"
#include "view_all.h"

#define PSTATE_F (1ull << 6)
#define PSTATE_I (1ull << 7)
#define PSTATE_BITS (PSTATE_I | PSTATE_F)
#define PSTATE_DAIF_AT 6
#define PSTATE_D_A (3ull << 8)

enum kind {
	READS,
	REPLACES,
	SETS,
	CLEARS,
	LEAVES
};

static const struct {
	uint32_t mask, match;
	enum kind kind;
} insns[] = {
	{ 0xffffffe0, 0xd53b4220, READS },    /* mrs xN, daif */
	{ 0xffffffe0, 0xd51b4220, REPLACES }, /* msr daif, xN */
	{ 0xfffff0ff, 0xd50340df, SETS },     /* msr daifset, #imm */
	{ 0xfffff0ff, 0xd50340ff, CLEARS },   /* msr daifclr, #imm */
	{ 0xffffffff, 0xd69f03e0, REPLACES }, /* eret */
	{ 0xfffffbff, 0xd69f0bff, REPLACES }, /* eretaa, eretab */
	{ 0xffe0001f, 0xd4000002, LEAVES },   /* hvc: a call of PSCI may stop, or reset, the vCPU */
	{ 0xffe0001f, 0xd4000003, LEAVES },   /* smc */
};

#define XZR 31

static void fill(struct arch_mask_use *use, enum kind kind, uint32_t insn)
{
	uint64_t bits = (uint64_t)(insn >> 8 & 15) << PSTATE_DAIF_AT & PSTATE_BITS;
	unsigned rt = insn & 31;

	use->needs_own = kind == LEAVES;
	use->replaces = kind == REPLACES;
	use->read_to = kind == READS && rt != XZR ? A64_X(rt) : 0;
	use->sets = kind == SETS ? bits : 0;
	use->clears = kind == CLEARS ? bits : 0;
}

/* Only applications are in AArch32 state, which have no such instruction. EL2 saves the bits in registers of its own. */
static void use_of(struct view *v, const uint8_t *code, size_t len, struct arch_mask_use *use)
{
	uint32_t insn = len < 4 ? 0 : code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24;
	uint64_t pstate = 0, mode;

	v->get(v, A64_PSTATE, &pstate);
	mode = pstate & A64_MODE_MASK;
	use->needs_own = mode == A64_MODE_EL2T || mode == A64_MODE_EL2H;
	if (use->needs_own || mode & A64_MODE_32)
		return;
	for (unsigned i = 0; i < COUNT_OF(insns); i++)
		if ((insn & insns[i].mask) == insns[i].match)
			fill(use, insns[i].kind, insn);
}

/* Synchronous exceptions have every fourth of the sixteen vectors, of 0x80 bytes each (D1.3.1.5, "Exception vectors"). */
#define VECTORS_SIZE 0x800
#define VECTOR_SIZE 0x80
#define SYNCHRONOUS(offset) ((offset) % (4 * VECTOR_SIZE) == 0)

/* By what is at hand after a step: may this be a handler's first instruction? An exception masks all that can be masked. */
static bool may_be_handler(struct view *v)
{
	struct view_value is[] = { { A64_PC, 0 }, { A64_PSTATE, 0 } };

	if (view_get_all(v, is, COUNT_OF(is)) || is[0].value % VECTOR_SIZE)
		return false;
	return (is[1].value & (PSTATE_D_A | A64_MODE_MASK)) == (PSTATE_D_A | A64_MODE_EL1H);
}

/* An exception returns to its instruction, or, that of svc, to the next one. */
static uint64_t saved(struct view *v, uint64_t from)
{
	enum {
		PC,
		VBAR,
		ELR
	};
	struct view_value is[] = { { A64_PC, 0 }, { A64_VBAR_EL1, 0 }, { A64_ELR_EL1, 0 } };
	uint64_t offset;

	if (!may_be_handler(v) || view_get_all(v, is, COUNT_OF(is)))
		return 0;
	offset = is[PC].value - is[VBAR].value;
	if (offset >= VECTORS_SIZE || !SYNCHRONOUS(offset) || (is[ELR].value != from && is[ELR].value != from + 4))
		return 0;
	return A64_SPSR_EL1;
}

const struct arch_mask aarch64_mask = {
	.key = A64_PSTATE,
	.bits = PSTATE_BITS,
	.masked = PSTATE_BITS,
	.use = use_of,
	.saved = saved,
};
