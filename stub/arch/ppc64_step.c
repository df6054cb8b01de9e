/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an instruction of 64-bit Power may lead, for a software step: branches, interrupts by request, returns from them, the
 * sequences of load-and-reserve and store-conditional, prefixed instructions; and how addresses are translated there. Names of
 * fields are those of the Power ISA 3.1B; its bit 0 is the highest. Whether a condition holds is not computed: both ways are
 * successors.
 */
#include <errno.h>
#include <string.h>

#include "ppc64.h"

#define WORD 4

/* Primary opcodes: bits 0..5. */
enum {
	OP_PREFIX = 1,
	OP_BC = 16,
	OP_SC = 17,
	OP_B = 18,
	OP_XL = 19,
	OP_X = 31
};

/* The instruction at an address, and where the list of its successors stands. */
struct step {
	struct view *v;
	uint64_t msr;
	uint64_t pc;
	const uint8_t *code;
	size_t len;
	uint64_t *next;
	unsigned n;
};

static unsigned primary(uint32_t insn)
{
	return insn >> 26;
}

/* The extended opcode of forms X and XL: bits 21..30. */
static unsigned extended(uint32_t insn)
{
	return insn >> 1 & 0x3ff;
}

static bool has_word(const struct step *s, size_t offset)
{
	return offset <= s->len && s->len - offset >= WORD;
}

static uint32_t word_at(const struct step *s, size_t offset)
{
	const uint8_t *b = s->code + offset;

	if (s->msr & PPC_MSR_LE)
		return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
	return b[3] | b[2] << 8 | b[1] << 16 | (uint32_t)b[0] << 24;
}

/* Does the branch go on behind itself in no case? BO 1z1zz (Book I, Branch Instructions). */
static bool is_always(uint32_t insn)
{
	return (insn >> 21 & 0x14) == 0x14;
}

static int64_t sign_extend(uint32_t value, unsigned bits)
{
	return (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);
}

/* In 32-bit mode the upper half of an address is not there (Book I, Effective Address Calculation). */
static uint64_t effective(const struct step *s, uint64_t addr)
{
	return s->msr & PPC_MSR_SF ? addr : (uint32_t)addr;
}

/* There is always room: an instruction has two, a sequence counts before it adds. */
static int add(struct step *s, uint64_t addr)
{
	s->next[s->n++] = effective(s, addr);
	return 0;
}

/* The target of a branch whose displacement is in the instruction, at this address (b, bc; AA is bit 30). */
static uint64_t target(uint32_t insn, uint64_t pc)
{
	int64_t displacement = primary(insn) == OP_B ? sign_extend(insn & 0x03fffffc, 26) : sign_extend(insn & 0xfffc, 16);

	return insn & 2 ? (uint64_t)displacement : pc + (uint64_t)displacement;
}

static int step_branch(struct step *s, uint32_t insn)
{
	if (primary(insn) == OP_BC && !is_always(insn))
		add(s, s->pc + WORD);
	return add(s, target(insn, s->pc));
}

/* ---- branches to a register ---- */

static int step_to_register(struct step *s, uint64_t key)
{
	uint64_t addr;
	int err = s->v->get(s->v, key, &addr);

	return err ? err : add(s, addr & ~3ull);
}

/* rfid: the next instruction is at SRR0, in the mode that SRR1 brings. */
static int step_rfid(struct step *s)
{
	int err = s->v->get(s->v, PPC_SRR1, &s->msr);

	return err ? err : step_to_register(s, PPC_SRR0);
}

#define XL_RFID 18
#define XL_RFSCV 82

/*
 * Extended opcodes of those that branch. rfscv leaves its address in LR (Book III, System Linkage Instructions); hrfid is not
 * for a guest.
 */
static const struct {
	uint16_t extended;
	bool conditional;
	uint64_t key;
} register_branches[] = {
	{ 16, true, PPC_LR },	/* bclr */
	{ 528, true, PPC_CTR }, /* bcctr */
	{ 560, true, PPC_TAR }, /* bctar */
	{ XL_RFSCV, false, PPC_LR },
};

static int step_xl(struct step *s, uint32_t insn)
{
	if (extended(insn) == XL_RFID)
		return step_rfid(s);
	for (size_t i = 0; i < sizeof(register_branches) / sizeof(register_branches[0]); i++) {
		if (register_branches[i].extended != extended(insn))
			continue;
		if (register_branches[i].conditional && !is_always(insn))
			add(s, s->pc + WORD);
		return step_to_register(s, register_branches[i].key);
	}
	return add(s, s->pc + WORD);
}

/* ---- interrupts by request ---- */

#define VECTOR_SC 0xc00
#define SCV_SIZE 0x20

#define SC_LEV(insn) ((insn) >> 5 & 0x7f)
#define SC_IS_SCV(insn) (((insn)&3) == 1)

/* sc 1 is a hypercall, which KVM or its user has done when the guest goes on behind it. */
static bool is_hypercall(uint32_t insn)
{
	return !SC_IS_SCV(insn) && SC_LEV(insn);
}

static int step_sc(struct step *s, uint32_t insn)
{
	struct ppc64_interrupt i;
	int err;

	if (is_hypercall(insn))
		return add(s, s->pc + WORD);
	err = ppc64_interrupt(s->v, &i);
	if (err)
		return err;
	s->msr = i.msr;
	return add(s, SC_IS_SCV(insn) ? i.scv_vectors + SC_LEV(insn) * SCV_SIZE : i.vectors + VECTOR_SC);
}

/* ---- load-and-reserve up to store-conditional: a trap between the two loses the reservation, and the loop never ends ---- */

static const uint16_t load_and_reserve[] = { 20, 52, 84, 116, 276 };	 /* lwarx, lbarx, ldarx, lharx, lqarx */
static const uint16_t store_conditional[] = { 150, 694, 214, 726, 182 }; /* stwcx. stbcx. stdcx. sthcx. stqcx. */

static bool is_one_of(uint32_t insn, const uint16_t list[5])
{
	for (unsigned i = 0; i < 5; i++)
		if (primary(insn) == OP_X && extended(insn) == list[i])
			return true;
	return false;
}

/* The offset behind the first store-conditional; 0 when none is in sight, or the way there is not straight. */
static size_t sequence_end(const struct step *s)
{
	for (size_t at = WORD; has_word(s, at); at += primary(word_at(s, at)) == OP_PREFIX ? 2 * WORD : WORD) {
		uint32_t insn = word_at(s, at);

		if (is_one_of(insn, store_conditional))
			return at + WORD;
		if (primary(insn) == OP_SC || primary(insn) == OP_XL || is_one_of(insn, load_and_reserve))
			return 0;
	}
	return 0;
}

/* The ways out: behind the sequence, and where its branches lead. */
static int step_sequence(struct step *s, size_t end)
{
	add(s, s->pc + end);
	for (size_t at = WORD; at < end; at += primary(word_at(s, at)) == OP_PREFIX ? 2 * WORD : WORD) {
		uint32_t insn = word_at(s, at);
		uint64_t to;

		if (primary(insn) != OP_B && primary(insn) != OP_BC)
			continue;
		to = target(insn, s->pc + at);
		if (to - s->pc <= end)
			continue;
		if (s->n == ARCH_SUCCESSORS)
			return -EOPNOTSUPP;
		add(s, to);
	}
	return 0;
}

static int step_x(struct step *s, uint32_t insn)
{
	size_t end = is_one_of(insn, load_and_reserve) ? sequence_end(s) : 0;

	return end ? step_sequence(s, end) : add(s, s->pc + WORD);
}

/* ---- any instruction ---- */

static int step_prefixed(struct step *s, uint32_t insn)
{
	(void)insn;
	return add(s, s->pc + 2 * WORD);
}

static int step_plain(struct step *s, uint32_t insn)
{
	(void)insn;
	return add(s, s->pc + WORD);
}

int ppc64_successors(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS])
{
	static int (*const by_opcode[64])(struct step *, uint32_t) = {
		[OP_PREFIX] = step_prefixed,
		[OP_BC] = step_branch,
		[OP_SC] = step_sc,
		[OP_B] = step_branch,
		[OP_XL] = step_xl,
		[OP_X] = step_x,
	};
	struct step s = { .v = v, .pc = pc, .code = code, .len = len, .next = next };
	int err = v->get(v, PPC_MSR, &s.msr);
	uint32_t insn;

	if (err || !has_word(&s, 0))
		return err ? err : -EFAULT;
	insn = word_at(&s, 0);
	err = (by_opcode[primary(insn)] ? by_opcode[primary(insn)] : step_plain)(&s, insn);
	return err ? err : (int)s.n;
}

/* ---- an instruction that changes how addresses are translated ---- */

#define X_MTMSR 146
#define X_MTMSRD 178
#define ONLY_EE_AND_RI(insn) ((insn) >> 16 & 1)
#define RS(insn) PPC_GPR((insn) >> 21 & 31)

/* Problem state is translated, whatever the bits say that are put into MSR (Book III, rfid, mtmsr). */
static uint64_t with_problem_state(uint64_t msr)
{
	return msr & PPC_MSR_PR ? msr | PPC_MSR_IR | PPC_MSR_DR : msr;
}

static int msr_of_register(struct view *v, uint64_t key, uint64_t *msr)
{
	int err = v->get(v, key, msr);

	*msr = with_problem_state(*msr);
	return err;
}

/* mtmsr leaves the upper half as it is. */
static int msr_of_move(struct view *v, uint32_t insn, uint64_t *msr)
{
	uint64_t before = *msr;
	int err;

	if (ONLY_EE_AND_RI(insn))
		return 0;
	err = msr_of_register(v, RS(insn), msr);
	if (extended(insn) == X_MTMSR)
		*msr = (before & ~(uint64_t)UINT32_MAX) | (uint32_t)*msr;
	return err;
}

static int msr_of_interrupt(struct view *v, uint64_t *msr)
{
	struct ppc64_interrupt i;
	int err = ppc64_interrupt(v, &i);

	*msr = i.msr;
	return err;
}

/* MSR behind the instruction; *msr is the present one. */
static int msr_behind(struct view *v, uint32_t insn, uint64_t *msr)
{
	if (primary(insn) == OP_XL && extended(insn) == XL_RFID)
		return msr_of_register(v, PPC_SRR1, msr);
	if (primary(insn) == OP_XL && extended(insn) == XL_RFSCV)
		return msr_of_register(v, PPC_CTR, msr);
	if (primary(insn) == OP_X && (extended(insn) == X_MTMSR || extended(insn) == X_MTMSRD))
		return msr_of_move(v, insn, msr);
	if (primary(insn) == OP_SC && !is_hypercall(insn))
		return msr_of_interrupt(v, msr);
	return 0;
}

#define TRANSLATES_BY (PPC_MSR_SF | PPC_MSR_IR | PPC_MSR_DR)

int ppc64_translate_next(struct view *v, const uint8_t *code, size_t len, uint64_t next, struct arch_page *page)
{
	struct step s = { .v = v, .code = code, .len = len };
	uint64_t msr;
	int err = v->get(v, PPC_MSR, &s.msr);

	if (err)
		return err;
	msr = s.msr;
	if (!code)
		err = msr_of_interrupt(v, &msr);
	else
		err = has_word(&s, 0) ? msr_behind(v, word_at(&s, 0), &msr) : -EFAULT;
	if (err)
		return err;
	return (msr ^ s.msr) & TRANSLATES_BY ? ppc64_translate_by(v, msr, next, page) : 1;
}
