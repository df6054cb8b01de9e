/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where interrupts of 64-bit Power go, and in which mode (Power ISA 3.1B, Book III, "Interrupt Processing" and "Logical
 * Partitioning Control Register"): LPCR.AIL = 3 moves handlers where translation stays on, as it does when it was on for
 * instructions and data. KVM has no other AIL for its guests but 0 (kvmppc_filter_lpcr_hv, book3s_hv.c).
 */
#include "ppc64.h"
#include "view_all.h"

#define LPCR_AIL(lpcr) ((lpcr) >> 23 & 3)
#define AIL_KEEPS_TRANSLATION 3

#define RELOCATED 0xc000000000004000ull
#define FETCH 0x400		 /* instruction storage */
#define SRR1_CAUSE 0x783f0000ull /* bits 33 to 36 and 42 to 47: what an interrupt has to say, and no bits of MSR */
#define SCV 0x17000ull
#define SCV_RELOCATED 0xc000000000003000ull

/* LPCR is looked at only where it matters: this is done at every step that keeps interrupts waiting. */
int ppc64_interrupt(struct view *v, struct ppc64_interrupt *i)
{
	uint64_t msr, lpcr = 0;
	int err = v->get(v, PPC_MSR, &msr);
	bool stays;

	if (!err && msr & PPC_MSR_IR && msr & PPC_MSR_DR)
		err = v->get(v, PPC_LPCR, &lpcr);
	if (err)
		return err;
	stays = LPCR_AIL(lpcr) == AIL_KEEPS_TRANSLATION;
	i->vectors = stays ? RELOCATED : 0;
	i->scv_vectors = stays ? SCV_RELOCATED : SCV;
	i->msr = PPC_MSR_SF | (msr & (PPC_MSR_HV | PPC_MSR_ME)) | (stays ? PPC_MSR_IR | PPC_MSR_DR : 0);
	return 0;
}

uint64_t ppc64_vector(uint64_t pc)
{
	return pc < RELOCATED ? pc : pc - RELOCATED;
}

static int fetch_handler(struct view *v, struct arch_page *page)
{
	struct ppc64_interrupt i;
	int err = ppc64_interrupt(v, &i);

	return err ? err : ppc64_translate_by(v, i.msr, i.vectors + FETCH, page);
}

static int undo_fetch(struct view *v, uint64_t addr, const uint64_t was[ARCH_FETCH_KEYS])
{
	enum {
		PC,
		SRR0,
		SRR1
	};
	struct view_value is[] = { { PPC_PC, 0 }, { PPC_SRR0, 0 }, { PPC_SRR1, 0 } };
	int err = view_get_all(v, is, COUNT_OF(is));

	if (err)
		return err;
	if (is[SRR0].value != addr || ppc64_vector(is[PC].value) != FETCH)
		return 0;
	err = view_set_all(v,
		(struct view_value[]){
			{ PPC_SRR0, was[0] },
			{ PPC_SRR1, was[1] },
			{ PPC_MSR, is[SRR1].value & ~SRR1_CAUSE },
			{ PPC_PC, addr },
		},
		4);
	return err ? err : 1;
}

const struct arch_fetch ppc64_fetch = {
	.keys = { PPC_SRR0, PPC_SRR1 },
	.handler = fetch_handler,
	.undo = undo_fetch,
};
