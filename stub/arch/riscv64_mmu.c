/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page walk of riscv64: Bare, Sv39, Sv48 and Sv57, with Svnapot and Svpbmt, as the RISC-V Instruction Set Manual describes
 * them (volume II, "Virtual Address Translation Process"). No permission keeps a debugger from a page; what the tables permit is
 * told. The second stage is KVM's: a guest's satp is vsatp, and leads to guest-physical addresses.
 */
#include <errno.h>

#include "riscv64.h"
#include "walk_common.h"

#define PAGE_SHIFT 12
#define PA_BITS 56
#define INDEX_BITS 9
#define PTE_SIZE 8

/* A page table entry: the page's number is in bits 53..10; above it are Svpbmt's and reserved bits, and N. */
#define PTE_V (1ull << 0)
#define PTE_R (1ull << 1)
#define PTE_W (1ull << 2)
#define PTE_X (1ull << 3)
#define PTE_U (1ull << 4)
#define PTE_PPN 10
#define PTE_N (1ull << 63)
#define PTE_PBMT (3ull << 61)	     /* 3 is reserved */
#define PTE_RESERVED (0x1full << 54) /* 60 and 59 are software's, with Svrsw60t59b */
/* N, PBMT, D, A and U mean nothing in a pointer, and are reserved there. */
#define PTE_RESERVED_IN_POINTER (PTE_N | PTE_PBMT | 0xd0)
#define PPN_BITS 44

/* Svnapot has one size so far, 64 KiB: the low bits of the page's number are 1000. */
#define NAPOT_BITS 4
#define NAPOT_64K 8

/* satp.MODE to levels; Sv64 and all others are reserved. */
static const uint8_t mode_levels[16] = { [8] = 3, [9] = 4, [10] = 5 };

static unsigned access_of(uint64_t pte)
{
	unsigned access = 0;

	if (pte & PTE_R)
		access |= ARCH_PAGE_READ;
	if (pte & PTE_W)
		access |= ARCH_PAGE_WRITE;
	if (pte & PTE_X)
		access |= ARCH_PAGE_EXEC;
	return pte & PTE_U ? access | ARCH_PAGE_USER : access;
}

/*
 * At a level above the last one the page's number is a multiple of the page's size. A page of Svnapot is told of 4 KiB by 4 KiB: each has
 * an entry of its own, which ought to be the same.
 */
static int leaf(uint64_t pte, unsigned level, uint64_t va, struct arch_page *page)
{
	uint64_t ppn = walk_field(pte, PTE_PPN, PPN_BITS);
	unsigned shift = PAGE_SHIFT + level * INDEX_BITS;

	if (pte & PTE_N) {
		if (level || walk_field(ppn, 0, NAPOT_BITS) != NAPOT_64K)
			return -EFAULT;
		shift += NAPOT_BITS;
	} else if (walk_field(ppn, 0, level * INDEX_BITS)) {
		return -EFAULT;
	}
	page->pa = (ppn << PAGE_SHIFT >> shift << shift) | walk_field(va, 0, shift);
	page->access = access_of(pte);
	return 0;
}

/* A pointer to the next table; on the last level it is nothing. What a pointer may not have is reserved, and not 0. */
static int pointer(uint64_t pte, unsigned level, uint64_t *table)
{
	if (!level || pte & PTE_RESERVED_IN_POINTER)
		return -EFAULT;
	*table = walk_field(pte, PTE_PPN, PPN_BITS) << PAGE_SHIFT;
	return 0;
}

static bool is_leaf(uint64_t pte)
{
	return pte & (PTE_R | PTE_X);
}

static bool is_valid(uint64_t pte)
{
	return pte & PTE_V && (pte & (PTE_R | PTE_W)) != PTE_W && !(pte & PTE_RESERVED) && (pte & PTE_PBMT) != PTE_PBMT;
}

/* One level: a page, or the address of the next table. */
static int step(struct view *v, unsigned level, uint64_t va, uint64_t *table, struct arch_page *page, bool *done)
{
	unsigned shift = PAGE_SHIFT + level * INDEX_BITS;
	uint64_t at = *table + walk_field(va, shift, INDEX_BITS) * PTE_SIZE, pte;
	int err = walk_read(v, at, PTE_SIZE, false, &pte);

	page->size = walk_rest(va, shift);
	if (err)
		return err;
	*done = is_leaf(pte);
	walk_tell(v, level, *done, at, pte);
	if (!is_valid(pte))
		return -EFAULT;
	return *done ? leaf(pte, level, va, page) : pointer(pte, level, table);
}

static int walk(struct view *v, uint64_t table, unsigned levels, uint64_t va, struct arch_page *page)
{
	bool done = false;
	int err = 0;

	for (unsigned level = levels; !err && !done; level--)
		err = step(v, level - 1, va, &table, page, &done);
	return err;
}

/* senvcfg.PMM, and sstatus.MXR, which suspends it (volume II, "Pointer Masking") */
#define SENVCFG_PMM 32
#define SSTATUS_MXR (1ull << 19)
static const uint8_t user_lengths[4] = { [2] = 7, [3] = 16 };

/* The longest there is; an address that has all of its bits alike from there on is not changed by any. */
#define UNMASKED_BITS 48

/*
 * How many upper bits of a pointer that is data are ignored where the vCPU is: the user's are the kernel's to say, the kernel's what KVM
 * was asked for (SBI FWFT). A vCPU that lacks the register has none.
 */
static unsigned masked_bits(struct view *v)
{
	uint64_t mode, sstatus, envcfg, length;

	if (v->get(v, RV_MODE, &mode) || v->get(v, RV_SSTATUS, &sstatus) || sstatus & SSTATUS_MXR)
		return 0;
	if (mode == RV_MODE_U)
		return v->get(v, RV_SENVCFG, &envcfg) ? 0 : user_lengths[walk_field(envcfg, SENVCFG_PMM, 2)];
	return v->get(v, RV_FWFT_PMLEN, &length) || length > 64 - UNMASKED_BITS ? 0 : (unsigned)length;
}

/* The highest bit that counts is copied to those above, or, where nothing is translated, these are 0. */
static uint64_t unmasked(uint64_t va, unsigned masked, bool bare)
{
	return bare ? va << masked >> masked : (uint64_t)((int64_t)(va << masked) >> masked);
}

static int translate_bare(struct view *v, uint64_t va, struct arch_page *page)
{
	const uint64_t last = (1ull << PA_BITS) - 1;
	unsigned masked = va >> UNMASKED_BITS ? masked_bits(v) : 0;
	int err = walk_bare(unmasked(va, masked, true), last, page);

	if (masked && page->size > walk_rest(va, 64 - masked))
		page->size = walk_rest(va, 64 - masked);
	/* Beyond that it has not been looked whether they count. */
	if (!(va >> UNMASKED_BITS))
		page->size = walk_rest(va, UNMASKED_BITS);
	return err;
}

/* The same address as its lower bits say; *between when it is none, after so much, that which is next being another. */
static uint64_t find_linear(struct view *v, uint64_t va, unsigned bits, struct arch_page *page, bool *between)
{
	unsigned masked = walk_is_between(va, bits < UNMASKED_BITS ? bits : UNMASKED_BITS) ? masked_bits(v) : 0;
	uint64_t linear = unmasked(va, masked, false);

	*between = walk_is_between(linear, bits);
	if (!*between)
		return linear;
	walk_between(linear, bits, page);
	if (masked && page->size > walk_rest(va, 63 - masked))
		page->size = walk_rest(va, 63 - masked);
	return linear;
}

int riscv64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t satp = 0;
	int err = v->get(v, RV_SATP, &satp);
	unsigned mode = satp >> 60, levels = mode_levels[mode], bits = PAGE_SHIFT + levels * INDEX_BITS;
	bool between;

	*page = (struct arch_page){ 0 };
	if (err)
		return err;
	if (!mode)
		return translate_bare(v, va, page);
	if (!levels)
		return -EOPNOTSUPP;
	va = find_linear(v, va, bits, page, &between);
	return between ? -EFAULT : walk(v, walk_field(satp, 0, PPN_BITS) << PAGE_SHIFT, levels, va, page);
}

/* Those that masking leads to others, and what is between these: all up to the upper half, or to the end where there is but one half. */
uint64_t riscv64_aliases(struct view *v, uint64_t va)
{
	unsigned levels, bits, masked;
	uint64_t satp;

	if (!walk_is_between(va, PAGE_SHIFT + mode_levels[8] * INDEX_BITS) || v->get(v, RV_SATP, &satp))
		return 0;
	masked = masked_bits(v);
	levels = mode_levels[satp >> 60];
	if (!masked || (satp >> 60 && !levels))
		return 0;
	if (!levels)
		return va >> PA_BITS ? -va : 0;
	bits = PAGE_SHIFT + levels * INDEX_BITS < 64 - masked ? PAGE_SHIFT + levels * INDEX_BITS : 64 - masked;
	return walk_is_between(va, bits) ? -(1ull << (bits - 1)) - va : 0;
}

const struct arch_flag riscv64_entry_flags[] = {
	{ PTE_V, "V", FLAG_OF_ALL, 0 },
	{ PTE_R, "R", FLAG_OF_ALL, 0 },
	{ PTE_W, "W", FLAG_OF_ALL, 0 },
	{ PTE_X, "X", FLAG_OF_ALL, 0 },
	{ PTE_U, "U", FLAG_OF_ALL, 0 },
	{ 1ull << 5, "G", FLAG_OF_ALL, 0 },
	{ 1ull << 6, "A", FLAG_OF_ALL, 0 },
	{ 1ull << 7, "D", FLAG_OF_ALL, 0 },
	{ PTE_PBMT, "PBMT", FLAG_OF_ALL, 0 },
	{ PTE_N, "N", FLAG_OF_ALL, 0 },
	{ 0, NULL, FLAG_OF_ALL, 0 },
};
