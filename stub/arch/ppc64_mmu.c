/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of 64-bit Power: real mode, which MSR.IR and MSR.DR end for instructions and for data, and radix trees as the Power ISA
 * 3.1B, Book III ("Radix Tree Translation"), describes them, in the one shape that processors have and KVM_PPC_GET_RMMU_INFO
 * tells. Where the trees are, no register says: the guest has told the hypervisor, and the VMM has told KVM (PPC_PROCESS_TABLE).
 * No permission keeps a debugger from a page; what the tables permit is told. The second stage is KVM's.
 *
 * A debugger's address is one of instructions and of data. When just one of the two is translated, it is shown what is at the same
 * place for both, as a kernel's linear mapping is, and nothing where they differ. Hash tables are not known here.
 */
#include <errno.h>

#include "ppc64.h"
#include "walk_common.h"

#define MSR_TRANSLATES (PPC_MSR_IR | PPC_MSR_DR)

/* Of an effective address in real mode the top four bits are ignored (Book III, Real Addressing Mode). */
#define REAL_MASK 0x0fffffffffffffffull

/* Where the process table is: the second doubleword of an entry of the partition table, and KVM's struct kvm_ppc_mmuv3_cfg. */
#define PATE_GR (1ull << 63) /* radix trees */
#define PATE_PRTB 0x0ffffffffffff000ull
#define PATE_PRTS(pate) ((pate)&0x1f) /* log2 of its size, less 12 */
#define PRTS_MAX 24

/* The process table: two doublewords for each process, of which the first is the root of its tree. */
#define PRTE_SIZE 16
#define PRTE_RTS(prte) (((prte) >> 58 & 0x18) | ((prte) >> 5 & 7)) /* log2 of the tree's addresses, less 31 */

/* In the root, and in entries of directories: the next table, and log2 of how many entries it has. */
#define NEXT_BASE 0x0fffffffffffff00ull
#define NEXT_BITS(entry) ((entry)&0x1f)

#define PTE_VALID (1ull << 63)
#define PTE_LEAF (1ull << 62)
#define PTE_RPN 0x01fffffffffff000ull
#define PTE_PRIVILEGED (1ull << 3)
#define PTE_READ (1ull << 2)
#define PTE_READ_WRITE (1ull << 1)
#define PTE_EXECUTE (1ull << 0)

/*
 * The shape: log2 of how many entries there may be in a table of each level, counted from the root; the process table is level 0. A
 * page of 2^39 bytes, in the root, is nothing that processors have.
 */
#define TREE_BITS 52
#define LEVELS 4
static const struct {
	uint8_t bits, or_bits;
	bool has_pages;
} levels[LEVELS + 1] = { [1] = { 13, 13, false }, { 9, 9, true }, { 9, 9, true }, { 9, 5, true } };

/* A walk on its way down. */
struct walk {
	uint64_t base;	/* of the next table */
	unsigned bits;	/* log2 of its entries */
	unsigned shift; /* of an entry's addresses */
	uint64_t entry; /* the last one */
};

/* The upper two bits of an address are its quadrant: 0 is the process's own, 3 is process 0's. A guest has no others. */
#define QUADRANT(va) ((va) >> 62)
#define QUADRANT_BITS 62
#define KERNEL_QUADRANT 3
#define KERNEL_QUADRANT_AT 0xc000000000000000ull

static bool is_between(uint64_t va)
{
	return (QUADRANT(va) && QUADRANT(va) != KERNEL_QUADRANT) || walk_field(va, TREE_BITS, QUADRANT_BITS - TREE_BITS);
}

/* The guest's own process table, as the second doubleword of a partition table's entry. */
static int process_table(struct view *v, uint64_t *pate)
{
	int err = v->get(v, PPC_PROCESS_TABLE, pate);

	if (err == -ENXIO)
		return -EOPNOTSUPP;
	if (err)
		return err;
	return *pate & PATE_GR && *pate != PATE_GR ? 0 : -EOPNOTSUPP;
}

static int find_root(struct view *v, uint64_t pate, uint64_t va, uint64_t *prte)
{
	uint64_t pid = 0, at;
	int err = QUADRANT(va) == KERNEL_QUADRANT ? 0 : v->get(v, PPC_PID, &pid);

	if (err)
		return err;
	if (PATE_PRTS(pate) > PRTS_MAX || pid >= (1ull << (PATE_PRTS(pate) + 12)) / PRTE_SIZE)
		return -EFAULT;
	at = (pate & PATE_PRTB) + pid * PRTE_SIZE;
	err = walk_read(v, at, 8, true, prte);
	if (!err)
		walk_tell(v, 0, false, at, *prte);
	return err;
}

/* Is the next table one of this level's? It is aligned to its size. */
static bool is_table(const struct walk *w, unsigned level)
{
	return (w->bits == levels[level].bits || w->bits == levels[level].or_bits) && !walk_field(w->base, 0, w->bits + 3);
}

static void go_down(struct walk *w, uint64_t entry)
{
	w->entry = entry;
	w->base = entry & NEXT_BASE;
	w->bits = NEXT_BITS(entry);
}

/* One level: an entry that is valid. */
static int step(struct view *v, struct walk *w, unsigned level, uint64_t va, struct arch_page *page)
{
	uint64_t at, entry;
	int err;

	if (!is_table(w, level))
		return -EFAULT;
	w->shift -= w->bits;
	page->size = walk_rest(va, w->shift);
	at = w->base + walk_field(va, w->shift, w->bits) * 8;
	err = walk_read(v, at, 8, true, &entry);
	if (err)
		return err;
	walk_tell(v, level, entry & PTE_LEAF, at, entry);
	go_down(w, entry);
	if (!(entry & PTE_VALID) || (entry & PTE_LEAF && !levels[level].has_pages))
		return -EFAULT;
	return 0;
}

/* "Radix Tree Translation Storage Protection". */
static unsigned access_of(uint64_t pte)
{
	unsigned access = 0;

	if (pte & (PTE_READ | PTE_READ_WRITE))
		access |= ARCH_PAGE_READ;
	if (pte & PTE_READ_WRITE)
		access |= ARCH_PAGE_WRITE;
	if (pte & PTE_EXECUTE)
		access |= ARCH_PAGE_EXEC;
	return access && !(pte & PTE_PRIVILEGED) ? access | ARCH_PAGE_USER : access;
}

/* A page is aligned to its size; below the last level there is nothing. */
static int leaf(const struct walk *w, uint64_t va, struct arch_page *page)
{
	uint64_t pa = w->entry & PTE_RPN;

	if (!(w->entry & PTE_LEAF) || walk_field(pa, 0, w->shift))
		return -EFAULT;
	page->pa = pa | walk_field(va, 0, w->shift);
	page->access = access_of(w->entry);
	return 0;
}

static int walk(struct view *v, uint64_t pate, uint64_t va, struct arch_page *page)
{
	struct walk w = { .shift = TREE_BITS };
	uint64_t prte;
	int err = find_root(v, pate, va, &prte);

	page->size = walk_rest(va, TREE_BITS);
	if (!err && PRTE_RTS(prte) + 31 != TREE_BITS)
		err = -EFAULT;
	if (err)
		return err;
	go_down(&w, prte & ~PTE_LEAF); /* it is one of RTS's bits here */
	for (unsigned level = 1; level <= LEVELS && !err && !(w.entry & PTE_LEAF); level++)
		err = step(v, &w, level, va, page);
	return err ? err : leaf(&w, va, page);
}

static int translated(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t pate;
	int err = process_table(v, &pate);

	if (err)
		return err;
	if (!is_between(va))
		return walk(v, pate, va, page);
	page->size = (va < KERNEL_QUADRANT_AT ? KERNEL_QUADRANT_AT : 0) - va;
	return -EFAULT;
}

/* Only instructions are translated, or only data. */
static int half_translated(struct view *v, uint64_t va, struct arch_page *page)
{
	int err = translated(v, va, page);

	if (err || page->pa == (va & REAL_MASK))
		return err;
	*page = (struct arch_page){ 0 };
	return -EOPNOTSUPP;
}

static int translate_all(struct view *v, uint64_t msr, uint64_t va, uint64_t last, struct arch_page *page)
{
	switch (msr & MSR_TRANSLATES) {
	case 0:
		return walk_bare(va & REAL_MASK, last & REAL_MASK, page);
	case MSR_TRANSLATES:
		return translated(v, va, page);
	default:
		return half_translated(v, va, page);
	}
}

/* In 32-bit mode the upper half of an address is not there (Book I, Effective Address Calculation). */
int ppc64_translate_by(struct view *v, uint64_t msr, uint64_t va, struct arch_page *page)
{
	uint64_t last = msr & PPC_MSR_SF ? UINT64_MAX : UINT32_MAX;
	int err;

	*page = (struct arch_page){ 0 };
	va &= last;
	err = translate_all(v, msr, va, last, page);
	if (page->size && page->size - 1 > last - va)
		page->size = last - va + 1;
	return err;
}

int ppc64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t msr;
	int err = v->get(v, PPC_MSR, &msr);

	*page = (struct arch_page){ 0 };
	return err ? err : ppc64_translate_by(v, msr, va, page);
}

const char *ppc64_untranslated(struct view *v)
{
	uint64_t msr = 0, pate;

	v->get(v, PPC_MSR, &msr);
	if (process_table(v, &pate))
		return "address translation is on (MSR.IR, MSR.DR), and not by radix trees from a process table that the guest "
		       "has "
		       "registered (H_REGISTER_PROC_TBL): hash tables are not known here";
	return msr & PPC_MSR_IR ? "instructions are translated (MSR.IR) and data are not: they are at different places here"
				: "data are translated (MSR.DR) and instructions are not: they are at different places here";
}

uint64_t ppc64_aliases(struct view *v, uint64_t va)
{
	uint64_t msr, mask;

	if (v->get(v, PPC_MSR, &msr))
		return 0;
	mask = !(msr & PPC_MSR_SF) ? UINT32_MAX : msr & MSR_TRANSLATES ? UINT64_MAX : REAL_MASK;
	return va > mask ? -va : 0;
}

/* The process table's entry has none of them. */
const struct arch_flag ppc64_entry_flags[] = {
	{ PTE_VALID, "V", FLAG_OF_LEAF, 0 },
	{ PTE_LEAF, "L", FLAG_OF_LEAF, 0 },
	{ 1ull << 8, "R", FLAG_OF_LEAF, 0 },
	{ 1ull << 7, "C", FLAG_OF_LEAF, 0 },
	{ 3ull << 4, "ATT", FLAG_OF_LEAF, 0 },
	{ 15, "EAA", FLAG_OF_LEAF, 0 },
	{ PTE_VALID, "V", FLAG_OF_TABLE, 1 },
	{ NEXT_BITS(~0ull), "NLS", FLAG_OF_TABLE, 1 },
	{ PTE_VALID, "V", FLAG_OF_TABLE, 2 },
	{ NEXT_BITS(~0ull), "NLS", FLAG_OF_TABLE, 2 },
	{ PTE_VALID, "V", FLAG_OF_TABLE, 3 },
	{ NEXT_BITS(~0ull), "NLS", FLAG_OF_TABLE, 3 },
	{ 0, NULL, FLAG_OF_ALL, 0 },
};
