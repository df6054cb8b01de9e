/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of 64-bit Power: real mode, which is what a guest has that runs with MSR.IR and MSR.DR off. Translation begins at a
 * table whose place no ioctl tells: the process table (radix) or the hash table are known to the guest, KVM and the VMM only.
 */
#include <errno.h>

#include "ppc64.h"
#include "walk.h"

/* Of an effective address in real mode the top four bits are ignored (Book III, Real Addressing Mode). */
#define REAL_MASK 0x0fffffffffffffffull

int ppc64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t msr, mask;
	int err = v->get(v, PPC_MSR, &msr);

	*page = (struct arch_page){ 0 };
	if (err)
		return err;
	if (msr & (PPC_MSR_IR | PPC_MSR_DR))
		return -EOPNOTSUPP;
	mask = msr & PPC_MSR_SF ? REAL_MASK : UINT32_MAX;
	return walk_bare(va & mask, mask, page);
}

uint64_t ppc64_aliases(struct view *v, uint64_t va)
{
	uint64_t msr, mask;

	if (v->get(v, PPC_MSR, &msr))
		return 0;
	mask = !(msr & PPC_MSR_SF) ? UINT32_MAX : msr & (PPC_MSR_IR | PPC_MSR_DR) ? UINT64_MAX : REAL_MASK;
	return va > mask ? -va : 0;
}
