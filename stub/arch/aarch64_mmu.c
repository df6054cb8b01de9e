/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page walk of arm64: stage 1 of the EL1&0 translation regime, as the Arm Architecture Reference Manual (DDI 0487, chapter
 * D8) describes it, for 4, 16 and 64 KiB granules, with FEAT_LPA, FEAT_LPA2, FEAT_TTST and top-byte-ignore. No permission keeps
 * a debugger from a page; what the tables permit is told. Stage 2 is KVM's: an intermediate physical address is a
 * guest-physical one.
 *
 * Not known here: AArch32 state but that of applications, EL2 (nested virtualization), and 128-bit descriptors, which KVM hides
 * from its guests (arch/arm64/kvm/sys_regs.c, ID_AA64MMFR3_EL1).
 */
#include <errno.h>

#include "aarch64.h"
#include "walk_common.h"

#define SCTLR_M (1ull << 0)
#define SCTLR_WXN (1ull << 19)
#define SCTLR_EE (1ull << 25)
#define TCR_DS (1ull << 59)
#define TCR_IPS 32
#define TCR_HD (1ull << 40)

/* In descriptors of pages and blocks: AP[1], AP[2], DBM, PXN and UXN. */
#define DESC_USER (1ull << 6)
#define DESC_READ_ONLY (1ull << 7)
#define DESC_DBM (1ull << 51)
#define DESC_PXN (1ull << 53)
#define DESC_UXN (1ull << 54)

/* In descriptors of tables, of all that is below: PXNTable, UXNTable, APTable. */
#define TABLE_PXN (1ull << 59)
#define TABLE_UXN (1ull << 60)
#define TABLE_NO_USER (1ull << 61)
#define TABLE_READ_ONLY (1ull << 62)

/* With the MMU off: the largest physical address. */
#define BARE_LAST ((1ull << 52) - 1)

/* Tags are above. */
#define TAG_AT 56

/*
 * The two halves of the address space: where TCR_EL1 keeps T<n>SZ, EPD<n>, TG<n>, TBI<n> and HPD<n>, and the granules that
 * TG<n> means.
 */
static const struct half {
	uint64_t ttbr;
	uint8_t tsz, epd, tg, tbi, hpd;
	uint8_t grain[4]; /* log2; 0: reserved */
} halves[] = {
	{ A64_TTBR0_EL1, 0, 7, 14, 37, 41, { 12, 16, 14, 0 } },
	{ A64_TTBR1_EL1, 16, 23, 30, 38, 42, { 0, 14, 12, 16 } },
};

/* TCR_EL1.IPS: bits of an output address. 56 bits take 128-bit descriptors: 52 is what the others can do. */
static const uint8_t ips_bits[] = { 32, 36, 40, 42, 44, 48, 52, 52 };

/* What one walk goes by. */
struct regime {
	uint64_t base;	  /* TTBR<n>_EL1 */
	unsigned grain;	  /* log2 of a page's size */
	unsigned va_bits; /* that are translated */
	unsigned pa_bits;
	bool lpa2; /* TCR_EL1.DS, with the granules that have it */
	bool big_endian;
	bool flat;	  /* descriptors of tables forbid nothing: TCR_EL1.HPD<n> */
	bool marks_dirty; /* what may be written is DBM's: TCR_EL1.HD */
	bool never_both;  /* what can be written is not executed: SCTLR_EL1.WXN */
};

/* A walk on its way down. */
struct walk {
	const struct regime *r;
	uint64_t base;	  /* of the next table; in the end of the page */
	uint64_t forbids; /* bits of the descriptors of tables so far */
	uint64_t desc;	  /* the last descriptor */
	bool leaf;
};

static uint64_t low_bits(unsigned n)
{
	return (1ull << n) - 1;
}

/*
 * EL1, in AArch64 state, and EL0 are translated by the EL1&0 regime. An application in AArch32 state has the lowest 4 GiB of
 * it.
 */
static int check_mode(struct view *v)
{
	uint64_t pstate;
	int err = v->get(v, A64_PSTATE, &pstate);

	if (err)
		return err;
	if (pstate & A64_MODE_32)
		return (pstate & A64_MODE_MASK) == A64_MODE_USER_32 ? 0 : -EOPNOTSUPP;
	return walk_field(pstate, 2, 2) < 2 ? 0 : -EOPNOTSUPP;
}

/* The address without its tag: what is above bit 55 follows bit 55 when TBI says that it is ignored. */
static int64_t untagged(uint64_t va, uint64_t tcr, const struct half *half)
{
	unsigned ignored = walk_field(tcr, half->tbi, 1) ? 8 : 0;

	return (int64_t)(va << ignored) >> ignored;
}

/* 52-bit output addresses take 64 KiB granules or FEAT_LPA2. */
static unsigned output_bits(uint64_t tcr, const struct regime *r)
{
	unsigned bits = ips_bits[walk_field(tcr, TCR_IPS, 3)];

	return bits > 48 && r->grain != 16 && !r->lpa2 ? 48 : bits;
}

/* T<n>SZ: how few and how many bits a walk can translate. Fewer than 25 take FEAT_TTST, more than 48 FEAT_LVA or FEAT_LPA2. */
static bool va_bits_possible(const struct regime *r)
{
	unsigned most = r->grain == 16 || r->lpa2 ? 52 : 48;
	unsigned least = r->grain == 16 ? 17 : 16;

	return r->va_bits >= least && r->va_bits <= most;
}

static int read_regime(uint64_t tcr, uint64_t sctlr, const struct half *half, struct regime *r)
{
	if (walk_field(tcr, half->epd, 1))
		return -EFAULT;
	r->grain = half->grain[walk_field(tcr, half->tg, 2)];
	if (!r->grain)
		return -EFAULT;
	r->lpa2 = tcr & TCR_DS && r->grain != 16;
	r->va_bits = 64 - walk_field(tcr, half->tsz, 6);
	if (!va_bits_possible(r))
		return -EFAULT;
	r->pa_bits = output_bits(tcr, r);
	r->big_endian = sctlr & SCTLR_EE;
	r->flat = walk_field(tcr, half->hpd, 1);
	r->marks_dirty = tcr & TCR_HD;
	r->never_both = sctlr & SCTLR_WXN;
	return 0;
}

/* TTBR<n>_EL1.BADDR: aligned to the first table's size, and with 52-bit addresses to 64 bytes, bits 51..48 being in 5..2. */
static uint64_t first_table(const struct regime *r, unsigned index_bits)
{
	uint64_t base = r->base & low_bits(48);
	unsigned align = index_bits + 3;

	if (r->pa_bits > 48) {
		base |= walk_field(r->base, 2, 4) << 48;
		align = align < 6 ? 6 : align;
	}
	return base & ~low_bits(align);
}

/* The address in a descriptor; the highest bits of 52-bit ones are where the smaller granules have attributes. */
static uint64_t output(const struct regime *r, uint64_t desc)
{
	uint64_t below = low_bits(r->grain);

	if (r->lpa2)
		return (desc & low_bits(50) & ~below) | walk_field(desc, 8, 2) << 50;
	if (r->pa_bits > 48)
		return (desc & low_bits(48) & ~below) | walk_field(desc, 12, 4) << 48;
	return desc & low_bits(48) & ~below;
}

/* The lowest level at which a descriptor can be a block. */
static int first_block_level(const struct regime *r)
{
	int level = r->grain == 12 ? 1 : 2;

	return r->pa_bits > 48 || r->lpa2 ? level - 1 : level;
}

static bool is_valid(const struct regime *r, int level, uint64_t desc, bool leaf)
{
	if (!(desc & 1) || (level == 3 && !(desc & 2)))
		return false;
	return !leaf || level >= first_block_level(r);
}

/* One level: the descriptor, and where that leads to. Level 3 is always a leaf, so a walk ends there. */
static int step(struct view *v, struct walk *w, int level, unsigned index)
{
	uint64_t at = w->base + 8 * index;
	int err = walk_read(v, at, 8, w->r->big_endian, &w->desc);

	if (err)
		return err;
	w->leaf = level == 3 || !(w->desc & 2);
	walk_tell(v, level, w->leaf, at, w->desc);
	if (!is_valid(w->r, level, w->desc, w->leaf))
		return -EFAULT;
	w->base = output(w->r, w->desc);
	if (!w->leaf && !w->r->flat)
		w->forbids |= w->desc;
	return w->base >> w->r->pa_bits ? -EFAULT : 0;
}

/* A clean page is read-only by AP[2], and the first write makes it dirty: DBM says whether a write may. */
static bool is_writable(const struct walk *w)
{
	bool read_only = w->desc & DESC_READ_ONLY && !(w->r->marks_dirty && w->desc & DESC_DBM);

	return !read_only && !(w->forbids & TABLE_READ_ONLY);
}

/* Execution has a bit for EL0 and one for EL1, and EL1 does not execute what EL0 can write. */
static unsigned access_of(const struct walk *w)
{
	bool write = is_writable(w), user = w->desc & DESC_USER && !(w->forbids & TABLE_NO_USER);
	bool user_exec = !(w->desc & DESC_UXN || w->forbids & TABLE_UXN);
	bool kernel_exec = !(w->desc & DESC_PXN || w->forbids & TABLE_PXN || (user && write));
	unsigned access = ARCH_PAGE_READ;

	if (write)
		access |= ARCH_PAGE_WRITE;
	if ((user_exec || kernel_exec) && !(write && w->r->never_both))
		access |= ARCH_PAGE_EXEC;
	/* What neither forbids execution nor lets EL0 read is the kernel's, to all appearances. */
	return user || (user_exec && !kernel_exec) ? access | ARCH_PAGE_USER : access;
}

static int walk(struct view *v, const struct regime *r, uint64_t va, struct arch_page *page)
{
	unsigned stride = r->grain - 3;
	int levels = (r->va_bits - r->grain + stride - 1) / stride, err = 0;
	unsigned shift = r->grain + levels * stride;
	struct walk w = { .r = r, .base = first_table(r, r->va_bits + stride - shift) };

	page->size = walk_rest(va, r->va_bits);
	if (w.base >> r->pa_bits)
		return -EFAULT;
	va &= low_bits(r->va_bits);
	for (int level = 4 - levels; !err && !w.leaf; level++) {
		shift -= stride;
		err = step(v, &w, level, walk_field(va, shift, stride));
	}
	page->size = walk_rest(va, shift);
	if (err)
		return err;
	page->pa = (w.base & ~low_bits(shift)) | walk_field(va, 0, shift);
	page->access = access_of(&w);
	return 0;
}

/*
 * How far it is from an address that the tables are not for to where the tables begin, or to the other half. mapped: bytes that
 * the tables are for.
 */
static uint64_t outside(uint64_t va, uint64_t mapped)
{
	uint64_t rest = walk_rest(va, 55), after = walk_field(va, 55, 1) ? mapped : 0;

	return rest > after ? rest - after : rest;
}

/* With the MMU off, what a tag changes is another address. */
static int bare(uint64_t va, uint64_t address, struct arch_page *page)
{
	int err = walk_bare(address, BARE_LAST, page);

	if (err)
		page->size = walk_rest(va, TAG_AT);
	return err;
}

static int translate(struct view *v, uint64_t va, uint64_t sctlr, uint64_t tcr, struct arch_page *page)
{
	const struct half *half = &halves[walk_field(va, 55, 1)];
	int64_t address = untagged(va, tcr, half);
	struct regime r;
	int err;

	if (!(sctlr & SCTLR_M))
		return bare(va, address, page);
	err = read_regime(tcr, sctlr, half, &r);
	page->size = outside(va, err ? 0 : 1ull << r.va_bits);
	if (err)
		return err;
	/* The bits that are not translated must be all zeroes in the lower half, all ones in the upper one. */
	if (address >> r.va_bits != -(int64_t)walk_field(va, 55, 1))
		return -EFAULT;
	err = v->get(v, half->ttbr, &r.base);
	return err ? err : walk(v, &r, address, page);
}

int aarch64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t sctlr, tcr;
	int err = check_mode(v);

	*page = (struct arch_page){ 0 };
	if (!err)
		err = v->get(v, A64_SCTLR_EL1, &sctlr);
	if (!err)
		err = v->get(v, A64_TCR_EL1, &tcr);
	return err ? err : translate(v, va, sctlr, tcr, page);
}

/* Between the halves there are their addresses with other tags, where TBI has tags ignored, and nothing else. */
uint64_t aarch64_aliases(struct view *v, uint64_t va)
{
	uint64_t upper = -(1ull << (TAG_AT - 1));

	(void)v;
	return va >> (TAG_AT - 1) && va < upper ? upper - va : 0;
}

/* Bits 8 and 9 are missing: these are shareability, or with FEAT_LPA2 bits of an address. */
const struct arch_flag aarch64_entry_flags[] = {
	{ 1ull << 0, "valid", FLAG_OF_ALL, 0 },
	{ 7ull << 2, "AttrIndx", FLAG_OF_LEAF, 0 },
	{ DESC_USER, "AP[1]", FLAG_OF_LEAF, 0 },
	{ DESC_READ_ONLY, "AP[2]", FLAG_OF_LEAF, 0 },
	{ 1ull << 10, "AF", FLAG_OF_LEAF, 0 },
	{ 1ull << 11, "nG", FLAG_OF_LEAF, 0 },
	{ 1ull << 50, "GP", FLAG_OF_LEAF, 0 },
	{ DESC_DBM, "DBM", FLAG_OF_LEAF, 0 },
	{ 1ull << 52, "Contiguous", FLAG_OF_LEAF, 0 },
	{ DESC_PXN, "PXN", FLAG_OF_LEAF, 0 },
	{ DESC_UXN, "UXN", FLAG_OF_LEAF, 0 },
	{ TABLE_PXN, "PXNTable", FLAG_OF_TABLE, 0 },
	{ TABLE_UXN, "UXNTable", FLAG_OF_TABLE, 0 },
	{ TABLE_NO_USER | TABLE_READ_ONLY, "APTable", FLAG_OF_TABLE, 0 },
	{ 0, NULL, FLAG_OF_ALL, 0 },
};
