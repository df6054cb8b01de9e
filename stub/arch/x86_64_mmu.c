/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page walk of x86: 32-bit, PAE, 4-level and 5-level paging, as Intel's Software Developer's Manual (volume 3, chapter 4)
 * describes them. Permissions do not matter to a debugger and are not looked at.
 *
 * The debugger's addresses are linear ones, of breakpoints, watchpoints and memory, in every mode, and its pc is rip (eip) as the
 * vCPU has it. Where the code segment has a base, in real mode above all, the instruction is at x86_64_code_address().
 *
 * A processor's physical addresses may have fewer than 52 bits; the bits that are reserved for that reason alone are not known here,
 * and lead out of RAM. With PAE the four top entries are read from memory, where the processor keeps what it loaded with CR3.
 */
#include <errno.h>

#include "x86_64.h"

#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define EFER_NXE (1ull << 11)
#define ENTRY_P (1ull << 0)
#define ENTRY_PS (1ull << 7)
#define ENTRY_NX (1ull << 63)
#define PAGE_BITS 12

/* Bits `from` down to `to` */
#define BITS(from, to) ((2ull << (from)) - (1ull << (to)))

/* The kinds of paging, by number of levels; levels count down to 1, as entries of a page table are. */
struct paging {
	unsigned levels;
	unsigned index_bits; /* of each level */
	unsigned entry_size;
	unsigned va_bits;
	uint64_t root_mask; /* of CR3 */
	unsigned max_leaf;  /* the highest level whose entry can be a page */
};

static const struct paging paging_32 = { 2, 10, 4, 32, BITS(31, 12), 2 };
static const struct paging paging_pae = { 3, 9, 8, 32, BITS(31, 5), 2 };
static const struct paging paging_4 = { 4, 9, 8, 48, BITS(51, 12), 3 };
static const struct paging paging_5 = { 5, 9, 8, 57, BITS(51, 12), 3 };

/* The registers that say how linear addresses are translated. */
struct control {
	uint64_t cr0, cr3, cr4, efer;
};

static int read_control(struct view *v, struct control *c)
{
	int err = v->get(v, X86_CR0, &c->cr0);

	if (!err)
		err = v->get(v, X86_CR3, &c->cr3);
	if (!err)
		err = v->get(v, X86_CR4, &c->cr4);
	return err ? err : v->get(v, X86_EFER, &c->efer);
}

static const struct paging *kind_of_paging(const struct control *c)
{
	if (c->efer & EFER_LMA)
		return c->cr4 & CR4_LA57 ? &paging_5 : &paging_4;
	return c->cr4 & CR4_PAE ? &paging_pae : &paging_32;
}

static bool is_long(const struct paging *p)
{
	return p->levels > 3;
}

/* The rest of a page of 2^shift bytes, from va on; base is the page's address, or any in it with the same offset. */
static void set_page(struct arch_page *page, uint64_t base, unsigned shift, uint64_t va)
{
	uint64_t offset = va & BITS(shift - 1, 0);

	page->pa = base | offset;
	page->size = (1ull << shift) - offset;
}

static bool is_leaf(const struct paging *p, const struct control *c, unsigned level, uint64_t entry)
{
	if (level == 1)
		return true;
	if (level > p->max_leaf || !(entry & ENTRY_PS))
		return false;
	return p != &paging_32 || c->cr4 & CR4_PSE;
}

/* Bits that must be 0 in an entry which maps a large page: between its address and PAT, bit 12. */
static uint64_t reserved_in_leaf(const struct paging *p, unsigned level)
{
	if (p == &paging_32)
		return level == 2 ? BITS(21, 21) : 0;
	return level > 1 ? BITS(PAGE_BITS + 9 * (level - 1) - 1, 13) : 0;
}

static uint64_t reserved(const struct paging *p, const struct control *c, unsigned level, bool leaf)
{
	uint64_t bits = leaf ? reserved_in_leaf(p, level) : 0;

	if (p == &paging_32)
		return bits;
	if (!(c->efer & EFER_NXE))
		bits |= ENTRY_NX;
	if (is_long(p))
		return level > p->max_leaf ? bits | ENTRY_PS : bits;
	bits |= BITS(62, 52);
	return level == 3 ? bits | ENTRY_NX | BITS(8, 5) | BITS(2, 1) : bits;
}

/* The base of the page or of the next table. A 4 MiB page has its address bits 39..32 in 20..13 (PSE-36). */
static uint64_t base_of(const struct paging *p, uint64_t entry, unsigned shift, bool leaf)
{
	if (p == &paging_32 && leaf && shift > PAGE_BITS)
		return (entry & BITS(31, 22)) | (entry & BITS(20, 13)) << 19;
	return entry & BITS(51, 0) & ~(leaf ? BITS(shift - 1, 0) : BITS(PAGE_BITS - 1, 0));
}

/* Tables are little-endian, whatever we are. */
static int read_entry(struct view *v, const struct paging *p, uint64_t pa, uint64_t *entry)
{
	uint8_t bytes[8];

	if (v->read_phys(v, pa, bytes, p->entry_size))
		return -EIO;
	*entry = 0;
	for (unsigned i = 0; i < p->entry_size; i++)
		*entry |= (uint64_t)bytes[i] << 8 * i;
	return *entry & ENTRY_P ? 0 : -EFAULT;
}

static int walk(struct view *v, const struct paging *p, const struct control *c, uint64_t va, struct arch_page *page)
{
	uint64_t table = c->cr3 & p->root_mask;

	for (unsigned level = p->levels; level; level--) {
		unsigned shift = PAGE_BITS + p->index_bits * (level - 1);
		uint64_t index = va >> shift & BITS(p->index_bits - 1, 0), entry;
		int err = read_entry(v, p, table + index * p->entry_size, &entry);
		bool leaf;

		set_page(page, 0, shift, va);
		if (err)
			return err;
		leaf = is_leaf(p, c, level, entry);
		if (entry & reserved(p, c, level, leaf))
			return -EFAULT;
		table = base_of(p, entry, shift, leaf);
		if (leaf) {
			set_page(page, table, shift, va);
			return 0;
		}
	}
	return -EFAULT;
}

/* The bits that are not translated are copies of the highest one that is. */
static bool is_canonical(const struct paging *p, uint64_t va)
{
	int64_t above = (int64_t)va >> (p->va_bits - 1);

	return above == 0 || above == -1;
}

/* As KVM's debug exits have it (kvm_get_linear_rip(), arch/x86/kvm/x86.c): 64-bit code has no base, other code wraps at 4 GiB. */
int x86_64_code_address(struct view *v, uint64_t *addr)
{
	uint64_t rip, base, efer, l;
	int err = v->get(v, X86_RIP, &rip);

	if (!err)
		err = v->get(v, X86_CS_BASE, &base);
	if (!err)
		err = v->get(v, X86_CS_L, &l);
	if (!err)
		err = v->get(v, X86_EFER, &efer);
	if (!err)
		*addr = efer & EFER_LMA && l ? rip : BITS(31, 0) & (base + rip);
	return err;
}

int x86_64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	const struct paging *p;
	struct control c;
	int err = read_control(v, &c);

	if (err)
		return err;
	p = kind_of_paging(&c);
	if (!is_long(p))
		va &= BITS(31, 0);
	else if (!is_canonical(p, va)) {
		page->size = -(1ull << (p->va_bits - 1)) - va;
		return -EFAULT;
	}
	if (!(c.cr0 & CR0_PG)) {
		set_page(page, va, 32, va);
		return 0;
	}
	return walk(v, p, &c, va, page);
}

uint64_t x86_64_aliases(struct view *v, uint64_t va)
{
	struct control c;

	return va >> 32 && !read_control(v, &c) && !is_long(kind_of_paging(&c)) ? -va : 0;
}
