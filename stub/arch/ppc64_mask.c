/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 64-bit Power: interrupts wait while MSR.EE is clear. Names, opcodes and vectors are those of the Power ISA 3.1B, Book III: "System
 * Linkage Instructions", "Move To/From System Register Instructions", "Interrupt Definitions".
 */
#include "ppc64.h"
#include "view_all.h"

#define PRIMARY(insn) ((insn) >> 26)
#define EXTENDED(insn) ((insn) >> 1 & 0x3ff)

enum {
	OP_SC = 17,
	OP_XL = 19,
	OP_X = 31
};

static uint32_t word_at(struct view *v, const uint8_t *b, size_t len)
{
	uint64_t msr = 0;

	v->get(v, PPC_MSR, &msr);
	if (len < 4)
		return 0;
	if (msr & PPC_MSR_LE)
		return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
	return b[3] | b[2] << 8 | b[1] << 16 | (uint32_t)b[0] << 24;
}

/* ---- what looks at MSR, or changes it ---- */

enum kind {
	READS,
	REPLACES,
	NEEDS
};

static const struct {
	uint8_t primary;
	uint16_t extended;
	uint8_t kind;
} insns[] = {
	{ OP_X, 83, READS },	 /* mfmsr */
	{ OP_X, 146, REPLACES }, /* mtmsr */
	{ OP_X, 178, REPLACES }, /* mtmsrd */
	{ OP_X, 30, NEEDS },	 /* wait */
	{ OP_XL, 18, REPLACES }, /* rfid */
	{ OP_XL, 82, REPLACES }, /* rfscv */
	{ OP_XL, 274, NEEDS },	 /* hrfid */
	{ OP_XL, 306, NEEDS },	 /* urfid */
	{ OP_XL, 370, NEEDS },	 /* stop */
};

/* sc 1 is a hypercall, and H_CEDE sets MSR.EE; scv keeps MSR in CTR. That of sc 0 is in SRR1, as that of any interrupt. */
#define SC_IS_PLAIN(insn) (((insn)&3) == 2 && !((insn) >> 5 & 0x7f))

static void use_of(struct view *v, const uint8_t *code, size_t len, struct arch_mask_use *use)
{
	uint32_t insn = word_at(v, code, len);

	use->needs_own = PRIMARY(insn) == OP_SC && !SC_IS_PLAIN(insn);
	for (unsigned i = 0; i < COUNT_OF(insns); i++) {
		if (insns[i].primary != PRIMARY(insn) || insns[i].extended != EXTENDED(insn))
			continue;
		use->needs_own = insns[i].kind == NEEDS;
		use->replaces = insns[i].kind == REPLACES;
		use->read_to = insns[i].kind == READS ? PPC_GPR(insn >> 21 & 31) : 0;
	}
}

/* ---- the interrupts that an instruction causes ---- */

enum {
	STORAGE = 1,   /* what a load or store meets */
	PROGRAM = 2,   /* illegal, privileged, trap; enabled exceptions of floating-point arithmetic */
	FLOATING = 4,  /* floating-point unavailable */
	VECTOR = 8,    /* vector unavailable */
	VSX = 16,      /* VSX unavailable */
	FACILITY = 32, /* facility unavailable */
	ALL = 63
};

static const struct {
	uint8_t kinds;
	uint16_t vector;
} vectors[ARCH_HANDLERS] = {
	{ STORAGE, 0x300 },
	{ STORAGE, 0x380 },
	{ STORAGE, 0x600 },
	{ PROGRAM, 0x700 },
	{ FLOATING, 0x800 },
	{ VECTOR, 0xf20 },
	{ VSX, 0xf40 },
	{ FACILITY, 0xf60 },
};

#define VECTOR_SC 0xc00

/* By primary opcode. Branches and integer arithmetic cause none. */
static const uint8_t causes[64] = {
	[0] = PROGRAM,
	[1] = ALL,     /* prefixed */
	[2] = PROGRAM, /* tdi */
	[3] = PROGRAM, /* twi */
	[4] = VECTOR | PROGRAM,
	[5] = PROGRAM,
	[6] = STORAGE | VSX, /* lxvp, stxvp */
	[9] = PROGRAM,
	[OP_XL] = PROGRAM | FACILITY,
	[22] = PROGRAM,
	[OP_X] = ALL,
	[32 ... 47] = STORAGE,
	[48 ... 55] = STORAGE | FLOATING,
	[56] = STORAGE | PROGRAM,		  /* lq */
	[57] = STORAGE | FLOATING | VECTOR | VSX, /* lfdp, lxsd, lxssp */
	[58] = STORAGE,				  /* ld */
	[59] = FLOATING | PROGRAM,
	[60] = VSX | VECTOR | PROGRAM,
	[61] = STORAGE | FLOATING | VECTOR | VSX, /* stfdp, stxsd, stxssp, lxv, stxv */
	[62] = STORAGE | PROGRAM,		  /* std, stq */
	[63] = FLOATING | VECTOR | VSX | PROGRAM, /* quad-precision ones among them */
};

static unsigned handlers(struct view *v, const uint8_t *code, size_t len, uint64_t at[ARCH_HANDLERS])
{
	uint8_t kinds = causes[PRIMARY(word_at(v, code, len))];
	struct ppc64_interrupt interrupt;
	unsigned n = 0;

	if (ppc64_interrupt(v, &interrupt))
		return 0;
	for (unsigned i = 0; i < ARCH_HANDLERS; i++)
		if (vectors[i].kinds & kinds)
			at[n++] = interrupt.vectors + vectors[i].vector;
	return n;
}

static bool is_vector(uint64_t pc)
{
	for (unsigned i = 0; i < ARCH_HANDLERS; i++)
		if (vectors[i].vector == ppc64_vector(pc))
			return true;
	return ppc64_vector(pc) == VECTOR_SC;
}

/* SRR0 is the instruction, or, of sc, the one behind it. */
static uint64_t saved(struct view *v, uint64_t from)
{
	enum {
		PC,
		SRR0
	};
	struct view_value is[] = { { PPC_PC, 0 }, { PPC_SRR0, 0 } };

	if (view_get_all(v, is, COUNT_OF(is)) || !is_vector(is[PC].value))
		return 0;
	return is[SRR0].value == from || is[SRR0].value == from + 4 ? PPC_SRR1 : 0;
}

const struct arch_mask ppc64_mask = {
	.key = PPC_MSR,
	.bits = PPC_MSR_EE,
	.masked = 0,
	.use = use_of,
	.saved = saved,
	.handlers = handlers,
};
