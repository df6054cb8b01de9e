/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where interrupts of 64-bit Power go, and in which mode (Power ISA 3.1B, Book III, "Interrupt Processing" and "Logical
 * Partitioning Control Register"): LPCR.AIL = 3 moves handlers where translation stays on, as it does when it was on for
 * instructions and data. KVM has no other AIL for its guests but 0 (kvmppc_filter_lpcr_hv, book3s_hv.c).
 */
#include "ppc64.h"

#define LPCR_AIL(lpcr) ((lpcr) >> 23 & 3)
#define AIL_KEEPS_TRANSLATION 3

#define RELOCATED 0xc000000000004000ull
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
