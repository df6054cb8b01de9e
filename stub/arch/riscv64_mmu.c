/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page walk of riscv64: Bare, Sv39, Sv48 and Sv57, with Svnapot and Svpbmt, as the RISC-V Instruction Set Manual describes
 * them (volume II, "Virtual Address Translation Process"). Permissions do not matter to a debugger and are not looked at. The
 * second stage is KVM's: a guest's satp is vsatp, and leads to guest-physical addresses.
 */
#include <errno.h>

#include "riscv64.h"

#define PAGE_SHIFT 12
#define PA_BITS 56
#define INDEX_BITS 9
#define PTE_SIZE 8

/* A page table entry: the page's number is in bits 53..10; above it are Svpbmt's and reserved bits, and N. */
#define PTE_V (1ull << 0)
#define PTE_R (1ull << 1)
#define PTE_W (1ull << 2)
#define PTE_X (1ull << 3)
#define PTE_PPN 10
#define PTE_N (1ull << 63)
#define PPN_BITS 44

/* Svnapot has one size so far, 64 KiB: the low bits of the page's number are 1000. */
#define NAPOT_BITS 4
#define NAPOT_64K 8

/* satp.MODE to levels; Sv64 and all others are reserved. */
static const uint8_t mode_levels[16] = { [8] = 3, [9] = 4, [10] = 5 };

static uint64_t field(uint64_t value, unsigned at, unsigned width)
{
	return value >> at & ((1ull << width) - 1);
}

static int fill_page(uint64_t pa, unsigned shift, uint64_t va, struct arch_page *page)
{
	uint64_t offset = field(va, 0, shift);

	page->pa = (pa >> shift << shift) | offset;
	page->size = (1ull << shift) - offset;
	return 0;
}

static int read_entry(struct view *v, uint64_t pa, uint64_t *pte)
{
	uint8_t bytes[PTE_SIZE];

	if (v->read_phys(v, pa, bytes, sizeof(bytes)))
		return -EIO;
	*pte = 0;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		*pte |= (uint64_t)bytes[i] << 8 * i;
	return 0;
}

/* At a level above the last one the page's number is a multiple of the page's size. */
static int leaf(uint64_t pte, unsigned level, uint64_t va, struct arch_page *page)
{
	uint64_t ppn = field(pte, PTE_PPN, PPN_BITS);
	unsigned shift = PAGE_SHIFT + level * INDEX_BITS;

	if (pte & PTE_N) {
		if (level || field(ppn, 0, NAPOT_BITS) != NAPOT_64K)
			return -EFAULT;
		shift += NAPOT_BITS;
	} else if (field(ppn, 0, level * INDEX_BITS)) {
		return -EFAULT;
	}
	return fill_page(ppn << PAGE_SHIFT, shift, va, page);
}

static int walk(struct view *v, uint64_t table, unsigned levels, uint64_t va, struct arch_page *page)
{
	for (unsigned level = levels; level-- > 0;) {
		uint64_t index = field(va, PAGE_SHIFT + level * INDEX_BITS, INDEX_BITS), pte;
		int err = read_entry(v, table + index * PTE_SIZE, &pte);

		fill_page(0, PAGE_SHIFT + level * INDEX_BITS, va, page);
		if (err)
			return err;
		if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W)
			return -EFAULT;
		if (pte & (PTE_R | PTE_X))
			return leaf(pte, level, va, page);
		if (pte & PTE_N)
			return -EFAULT;
		table = field(pte, PTE_PPN, PPN_BITS) << PAGE_SHIFT;
	}
	return -EFAULT; /* the last level held no leaf */
}

int riscv64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t satp;
	int err = v->get(v, RV_SATP, &satp);
	unsigned mode = satp >> 60, levels = mode_levels[mode], unused;

	if (err)
		return err;
	if (!mode) {
		page->size = -va;
		return va >> PA_BITS ? -EFAULT : fill_page(va, PA_BITS, va, page);
	}
	if (!levels)
		return -EOPNOTSUPP;
	/* The bits that are not translated are copies of the highest that is. */
	unused = 64 - (PAGE_SHIFT + levels * INDEX_BITS);
	if ((uint64_t)((int64_t)(va << unused) >> unused) != va) {
		page->size = -(1ull << (63 - unused)) - va;
		return -EFAULT;
	}
	return walk(v, field(satp, 0, PPN_BITS) << PAGE_SHIFT, levels, va, page);
}
