/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page walk of arm64: stage 1 of the EL1&0 translation regime, as the Arm Architecture Reference Manual (DDI 0487, chapter
 * D8) describes it, for 4, 16 and 64 KiB granules, with FEAT_LPA, FEAT_LPA2, FEAT_TTST and top-byte-ignore. Permissions do not
 * matter to a debugger and are not looked at. Stage 2 is KVM's: an intermediate physical address is a guest-physical one.
 *
 * Not known here: AArch32 state, EL2 (nested virtualization), and 128-bit descriptors, which KVM hides from its guests
 * (arch/arm64/kvm/sys_regs.c, ID_AA64MMFR3_EL1).
 */
#include <errno.h>

#include "aarch64.h"

#define SCTLR_M (1ull << 0)
#define SCTLR_EE (1ull << 25)
#define TCR_DS (1ull << 59)
#define TCR_IPS 32

#define IDENTITY_BITS 52 /* of a physical address, at most */
#define TAG_AT 56

/* The two halves of the address space: where TCR_EL1 keeps T<n>SZ, EPD<n>, TG<n> and TBI<n>, and the granules that TG<n> means. */
static const struct half {
	uint64_t ttbr;
	uint8_t tsz, epd, tg, tbi;
	uint8_t grain[4]; /* log2; 0: reserved */
} halves[] = {
	{ A64_TTBR0_EL1, 0, 7, 14, 37, { 12, 16, 14, 0 } },
	{ A64_TTBR1_EL1, 16, 23, 30, 38, { 0, 14, 12, 16 } },
};

/* TCR_EL1.IPS: bits of an output address. 56 bits take 128-bit descriptors: 52 is what the others can do. */
static const uint8_t ips_bits[] = { 32, 36, 40, 42, 44, 48, 52, 52 };

/* What one walk goes by. */
struct regime {
	uint64_t base;	  /* TTBR<n>_EL1 */
	unsigned grain;	  /* log2 of a page's size */
	unsigned va_bits; /* that are translated */
	unsigned pa_bits;
	bool lpa2; /* TCR_EL1.DS, with the granules it is for */
	bool big_endian;
};

static uint64_t low_bits(unsigned n)
{
	return (1ull << n) - 1;
}

static uint64_t field(uint64_t value, unsigned at, unsigned width)
{
	return value >> at & low_bits(width);
}

/* Only AArch64 at EL1 and EL0 is translated by the EL1&0 regime. */
static int check_mode(struct view *v)
{
	uint64_t pstate;
	int err = v->get(v, A64_PSTATE, &pstate);

	if (err)
		return err;
	if (pstate & A64_MODE_32)
		return -EOPNOTSUPP;
	return field(pstate, 2, 2) < 2 ? 0 : -EOPNOTSUPP;
}

/* The address without its tag: what is above bit 55 follows bit 55 when TBI says that it is ignored. */
static int64_t untagged(uint64_t va, uint64_t tcr, const struct half *half)
{
	unsigned ignored = field(tcr, half->tbi, 1) ? 8 : 0;

	return (int64_t)(va << ignored) >> ignored;
}

/* With the MMU off addresses are physical, and those that no physical address can be are faults. */
static int identity(int64_t va, struct arch_page *page)
{
	unsigned bits = va >> IDENTITY_BITS ? TAG_AT : IDENTITY_BITS;

	page->pa = va;
	page->size = low_bits(bits) + 1 - field(va, 0, bits);
	return va >> IDENTITY_BITS ? -EFAULT : 0;
}

/* 52-bit output addresses take 64 KiB granules or FEAT_LPA2. */
static unsigned output_bits(uint64_t tcr, const struct regime *r)
{
	unsigned bits = ips_bits[field(tcr, TCR_IPS, 3)];

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
	if (field(tcr, half->epd, 1))
		return -EFAULT;
	r->grain = half->grain[field(tcr, half->tg, 2)];
	if (!r->grain)
		return -EFAULT;
	r->lpa2 = tcr & TCR_DS && r->grain != 16;
	r->va_bits = 64 - field(tcr, half->tsz, 6);
	if (!va_bits_possible(r))
		return -EFAULT;
	r->pa_bits = output_bits(tcr, r);
	r->big_endian = sctlr & SCTLR_EE;
	return 0;
}

/* TTBR<n>_EL1.BADDR: aligned to the first table's size, and with 52-bit addresses to 64 bytes, bits 51..48 being in 5..2. */
static uint64_t first_table(const struct regime *r, unsigned index_bits)
{
	uint64_t base = r->base & low_bits(48);
	unsigned align = index_bits + 3;

	if (r->pa_bits > 48) {
		base |= field(r->base, 2, 4) << 48;
		align = align < 6 ? 6 : align;
	}
	return base & ~low_bits(align);
}

/* The address in a descriptor; the highest bits of 52-bit ones are where the smaller granules have attributes. */
static uint64_t output(const struct regime *r, uint64_t desc)
{
	uint64_t below = low_bits(r->grain);

	if (r->lpa2)
		return (desc & low_bits(50) & ~below) | field(desc, 8, 2) << 50;
	if (r->pa_bits > 48)
		return (desc & low_bits(48) & ~below) | field(desc, 12, 4) << 48;
	return desc & low_bits(48) & ~below;
}

static int read_descriptor(struct view *v, const struct regime *r, uint64_t pa, uint64_t *desc)
{
	uint8_t bytes[8];

	if (v->read_phys(v, pa, bytes, sizeof(bytes)))
		return -EIO;
	*desc = 0;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		*desc |= (uint64_t)bytes[i] << 8 * (r->big_endian ? 7 - i : i);
	return 0;
}

/* The lowest level at which a descriptor can be a block. */
static int first_block_level(const struct regime *r)
{
	int level = r->grain == 12 ? 1 : 2;

	return r->pa_bits > 48 || r->lpa2 ? level - 1 : level;
}

/* 0 and whether the descriptor is a page or block, else a table; -EFAULT when it is neither. */
static int check_descriptor(const struct regime *r, int level, uint64_t desc, bool *leaf)
{
	bool valid = desc & 1, bit1 = desc & 2;

	*leaf = level == 3 || !bit1;
	if (!valid || (level == 3 && !bit1))
		return -EFAULT;
	return *leaf && level < first_block_level(r) ? -EFAULT : 0;
}

/* One level: the descriptor, and what it leads to. Level 3 is always a leaf, so a walk ends there. */
static int step(struct view *v, const struct regime *r, int level, uint64_t entry, uint64_t *to, bool *leaf)
{
	uint64_t desc;
	int err = read_descriptor(v, r, entry, &desc);

	if (!err)
		err = check_descriptor(r, level, desc, leaf);
	if (err)
		return err;
	*to = output(r, desc);
	return *to >> r->pa_bits ? -EFAULT : 0;
}

static int walk(struct view *v, const struct regime *r, uint64_t va, struct arch_page *page)
{
	unsigned stride = r->grain - 3;
	int levels = (r->va_bits - r->grain + stride - 1) / stride;
	unsigned shift = r->grain + levels * stride;
	uint64_t base = first_table(r, r->va_bits + stride - shift);
	bool leaf = false;

	if (base >> r->pa_bits)
		return -EFAULT;
	va &= low_bits(r->va_bits);
	for (int level = 4 - levels; !leaf; level++) {
		int err;

		shift -= stride;
		page->size = low_bits(shift) + 1 - field(va, 0, shift);
		err = step(v, r, level, base + 8 * field(va, shift, stride), &base, &leaf);
		if (err)
			return err;
	}
	page->pa = (base & ~low_bits(shift)) | field(va, 0, shift);
	return 0;
}

/* In the upper half, and below what is translated there. */
static bool is_below(uint64_t va, const struct regime *r)
{
	return field(va, 55, 1) && field(~va, r->va_bits, 55 - r->va_bits);
}

static int translate(struct view *v, uint64_t va, uint64_t sctlr, uint64_t tcr, struct arch_page *page)
{
	const struct half *half = &halves[field(va, 55, 1)];
	int64_t address = untagged(va, tcr, half);
	struct regime r;
	int err;

	if (!(sctlr & SCTLR_M))
		return identity(address, page);
	page->size = low_bits(TAG_AT - 1) + 1 - field(va, 0, TAG_AT - 1);
	err = read_regime(tcr, sctlr, half, &r);
	if (err)
		return err;
	/* What is not translated must be all zeroes in the lower half, all ones in the upper one. */
	if (address >> r.va_bits != -(int64_t)field(va, 55, 1)) {
		if (is_below(va, &r))
			page->size -= low_bits(r.va_bits) + 1;
		return -EFAULT;
	}
	err = v->get(v, half->ttbr, &r.base);
	return err ? err : walk(v, &r, address, page);
}

int aarch64_translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t sctlr, tcr;
	int err = check_mode(v);

	if (!err)
		err = v->get(v, A64_SCTLR_EL1, &sctlr);
	if (!err)
		err = v->get(v, A64_TCR_EL1, &tcr);
	return err ? err : translate(v, va, sctlr, tcr, page);
}

/* Between the halves there are other tags of both, where TBI has them ignored, and nothing else. */
uint64_t aarch64_aliases(struct view *v, uint64_t va)
{
	uint64_t upper = -(1ull << (TAG_AT - 1));

	(void)v;
	return va >> (TAG_AT - 1) && va < upper ? upper - va : 0;
}
