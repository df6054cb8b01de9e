/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page walk of x86: 32-bit, PAE, 4-level and 5-level paging, as Intel's Software Developer's Manual (volume 3, chapter 4)
 * describes them. No permission keeps a debugger from a page; what the tables permit is told.
 *
 * The debugger's addresses are linear ones, of breakpoints, watchpoints and memory, in every mode, and its pc is rip (eip) as
 * the vCPU has it. Where the code segment has a base, in real mode above all, the instruction is at x86_64_code_address().
 *
 * A processor's physical addresses may have fewer than 52 bits; the bits that are reserved for that reason alone are not known
 * here, and lead out of RAM. With PAE the four top entries are read from memory, where the processor keeps what it loaded with
 * CR3.
 */
#include <errno.h>

#include "walk_common.h"
#include "x86_64.h"

#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define CR4_LAM_SUP (1ull << 28)
#define CR3_LAM_U57 (1ull << 61)
#define CR3_LAM_U48 (1ull << 62)
#define ADDRESS_UPPER (1ull << 63)
#define EFER_NXE (1ull << 11)
#define ENTRY_P (1ull << 0)
#define ENTRY_RW (1ull << 1)
#define ENTRY_US (1ull << 2)
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

/* What an entry permits; PAE's topmost entries have no say. */
static unsigned access_of(const struct paging *p, unsigned level, uint64_t entry)
{
	unsigned access = ARCH_PAGE_READ;

	if (p == &paging_pae && level == p->levels)
		return ARCH_PAGE_ANY;
	if (entry & ENTRY_RW)
		access |= ARCH_PAGE_WRITE;
	if (entry & ENTRY_US)
		access |= ARCH_PAGE_USER;
	return entry & ENTRY_NX ? access : access | ARCH_PAGE_EXEC;
}

/* A walk on its way down. */
struct walk {
	const struct paging *kind;
	struct control c;
	uint64_t base;	 /* of the next table; in the end of the page */
	unsigned access; /* what all entries so far permit */
	bool leaf;	 /* the last entry maps a page */
};

static unsigned shift_of(const struct paging *p, unsigned level)
{
	return PAGE_BITS + p->index_bits * (level - 1);
}

static int step(struct view *v, struct walk *w, unsigned level, uint64_t va)
{
	const struct paging *p = w->kind;
	unsigned shift = shift_of(p, level);
	uint64_t at = w->base + walk_field(va, shift, p->index_bits) * p->entry_size, entry;
	int err = walk_read(v, at, p->entry_size, false, &entry);

	if (err)
		return err;
	w->leaf = is_leaf(p, &w->c, level, entry);
	walk_tell(v, level, w->leaf, at, entry);
	if (!(entry & ENTRY_P) || entry & reserved(p, &w->c, level, w->leaf))
		return -EFAULT;
	w->base = base_of(p, entry, shift, w->leaf);
	w->access &= access_of(p, level, entry);
	return 0;
}

/* Entries of level 1 are all leaves. */
static int walk(struct view *v, struct walk *w, uint64_t va, struct arch_page *page)
{
	unsigned level = w->kind->levels + 1, shift;
	int err = 0;

	while (!w->leaf && !err)
		err = step(v, w, --level, va);
	shift = shift_of(w->kind, level);
	page->size = walk_rest(va, shift);
	if (err)
		return err;
	page->pa = w->base | walk_field(va, 0, shift);
	page->access = w->access;
	return 0;
}

/*
 * As KVM's debug exits have it (kvm_get_linear_rip(), arch/x86/kvm/x86.c): 64-bit code has no base, other code wraps at 4 GiB.
 */
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

/*
 * Linear-address masking (SDM volume 3, 4.4): of a pointer that is data so many bits count, and the topmost, which says whose
 * it is; the others are software's. 64: all count.
 */
static unsigned counting_bits(const struct walk *w, uint64_t va)
{
	if (va & ADDRESS_UPPER)
		return w->c.cr4 & CR4_LAM_SUP ? w->kind->va_bits : 64;
	return w->c.cr3 & CR3_LAM_U57 ? 57 : w->c.cr3 & CR3_LAM_U48 ? 48 : 64;
}

/* Canonical where the topmost of the bits that count is the same as the topmost of all. */
static uint64_t masked(uint64_t va, unsigned bits)
{
	uint64_t extended = (uint64_t)((int64_t)(va << (64 - bits)) >> (64 - bits));

	return (extended & ~ADDRESS_UPPER) | (va & ADDRESS_UPPER);
}

static int translate_long(struct view *v, struct walk *w, uint64_t va, struct arch_page *page)
{
	unsigned bits = counting_bits(w, va);
	uint64_t linear = masked(va, bits);
	int err;

	if (walk_is_between(linear, w->kind->va_bits))
		err = walk_between(linear, w->kind->va_bits, page);
	else
		err = walk(v, w, linear, page);
	if ((bits < 64 || w->c.cr4 & CR4_LAM_SUP) && page->size > walk_rest(va, bits - 1))
		page->size = walk_rest(va, bits - 1);
	return err;
}

int x86_64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	struct walk w = { .access = ARCH_PAGE_ANY };
	int err = read_control(v, &w.c);

	*page = (struct arch_page){ 0 };
	if (err)
		return err;
	w.kind = kind_of_paging(&w.c);
	w.base = w.c.cr3 & w.kind->root_mask;
	if (is_long(w.kind) && w.c.cr0 & CR0_PG)
		return translate_long(v, &w, va, page);
	if (!is_long(w.kind))
		va &= BITS(31, 0);
	return w.c.cr0 & CR0_PG ? walk(v, &w, va, page) : walk_bare(va, BITS(31, 0), page);
}

uint64_t x86_64_aliases(struct view *v, uint64_t va)
{
	const struct paging *kind;
	struct control c;

	if (!(va >> 32) || read_control(v, &c))
		return 0;
	kind = kind_of_paging(&c);
	if (!is_long(kind))
		return -va;
	if (!(c.cr4 & CR4_LAM_SUP) && !(c.cr3 & (CR3_LAM_U57 | CR3_LAM_U48)))
		return 0;
	return walk_is_between(va, kind->va_bits) ? -(1ull << (kind->va_bits - 1)) - va : 0;
}

/* Bit 7 is PS above the tables of pages, and where it maps, PAT is bit 12. */
const struct arch_flag x86_64_entry_flags[] = {
	{ ENTRY_P, "P", FLAG_OF_ALL, 0 },
	{ ENTRY_RW, "R/W", FLAG_OF_ALL, 0 },
	{ ENTRY_US, "U/S", FLAG_OF_ALL, 0 },
	{ 1ull << 3, "PWT", FLAG_OF_ALL, 0 },
	{ 1ull << 4, "PCD", FLAG_OF_ALL, 0 },
	{ 1ull << 5, "A", FLAG_OF_ALL, 0 },
	{ 1ull << 6, "D", FLAG_OF_LEAF, 0 },
	{ ENTRY_PS, "PAT", FLAG_OF_LEAF, 1 },
	{ ENTRY_PS, "PS", FLAG_OF_LEAF, 2 },
	{ ENTRY_PS, "PS", FLAG_OF_LEAF, 3 },
	{ 1ull << 8, "G", FLAG_OF_LEAF, 0 },
	{ 1ull << 12, "PAT", FLAG_OF_LEAF, 2 },
	{ 1ull << 12, "PAT", FLAG_OF_LEAF, 3 },
	{ 15ull << 59, "key", FLAG_OF_LEAF, 0 },
	{ ENTRY_NX, "XD", FLAG_OF_ALL, 0 },
	{ 0, NULL, FLAG_OF_ALL, 0 },
};
