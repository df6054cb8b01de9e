/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: registers that are computed from others, and how wide SVE's are. Knows no GDB number and no ioctl. Section and
 * register names are those of the Arm Architecture Reference Manual (DDI 0487).
 */
#include <errno.h>

#include "aarch64.h"

/* <linux/kvm.h>: KVM_GET_VCPU_EVENTS and KVM_SET_VCPU_EVENTS */
const struct arch_block aarch64_blocks[A64_BLOCKS] = {
	{ .name = "vcpu_events", .get_nr = 0x9f, .set_nr = 0xa0, .size = A64_EVENTS_SIZE },
};

/*
 * Which register is the stack pointer in each PSTATE.M. In AArch32 state it is one of r13's banks, which live in x13 and up
 * ("Mapping of the general-purpose registers between the Execution states").
 */
static const struct {
	uint8_t mode;
	uint64_t key;
} stack_pointers[] = {
	{ 0x00, A64_SP_EL0 },	       /* EL0t */
	{ 0x04, A64_SP_EL0 },	       /* EL1t */
	{ 0x05, A64_SP_EL1 },	       /* EL1h */
	{ A64_MODE_EL2T, A64_SP_EL0 }, /* EL2t: with nested virtualization only */
	{ A64_MODE_EL2H, A64_SP_EL2 }, /* EL2h */
	{ 0x10, A64_X(13) },	       /* User */
	{ 0x11, A64_X(29) },	       /* FIQ */
	{ 0x12, A64_X(17) },	       /* IRQ */
	{ 0x13, A64_X(19) },	       /* Supervisor */
	{ 0x17, A64_X(21) },	       /* Abort */
	{ 0x1a, A64_X(15) },	       /* Hyp */
	{ 0x1b, A64_X(23) },	       /* Undefined */
	{ 0x1f, A64_X(13) },	       /* System */
};

int aarch64_stack_pointer(struct view *v, uint64_t *key)
{
	uint64_t pstate;
	int err = v->get(v, A64_PSTATE, &pstate);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(stack_pointers) / sizeof(stack_pointers[0]); i++) {
		if (stack_pointers[i].mode == (pstate & A64_MODE_MASK)) {
			*key = stack_pointers[i].key;
			return 0;
		}
	}
	return -EINVAL;
}

static int get_sp(struct view *v, uint64_t *value)
{
	uint64_t key;
	int err = aarch64_stack_pointer(v, &key);

	return err ? err : v->get(v, key, value);
}

static int set_sp(struct view *v, uint64_t value)
{
	uint64_t key;
	int err = aarch64_stack_pointer(v, &key);

	return err ? err : v->set(v, key, value);
}

/* The vector lengths that the vCPU may have: bit n - 1 for n times 128 bits, of which the architecture knows 1..16. */
#define VQ_LENGTHS 0xffff

/* The longest that is there and not longer than so many. */
static int longest_vq(struct view *v, unsigned limit, unsigned *vq)
{
	uint64_t lengths;
	int err = v->get(v, A64_SVE_VLS, &lengths);

	if (err)
		return err;
	lengths &= VQ_LENGTHS & ((1u << limit) - 1);
	*vq = lengths ? 64 - (unsigned)__builtin_clzll(lengths) : 0;
	return lengths ? 0 : -ENOENT;
}

static int get_vq(struct view *v, unsigned *times)
{
	return longest_vq(v, 16, times);
}

/* ZCR_EL1.LEN asks for a length; on a vCPU without that length the next shorter is in use. VG is in units of 64 bits. */
static int get_vg(struct view *v, uint64_t *value)
{
	uint64_t zcr;
	unsigned vq;
	int err = v->get(v, A64_ZCR_EL1, &zcr);

	if (!err)
		err = longest_vq(v, (zcr & 15) + 1, &vq);
	if (!err)
		*value = 2 * vq;
	return err;
}

#define SCTLR_M (1ull << 0)

/* TCR_EL1 */
#define TCR_EPD1 (1ull << 23)
#define TCR_TBI0 (1ull << 37)
#define TCR_TBID0 (1ull << 51)
#define TCR_DS (1ull << 59)

/* T<n>SZ and the TG<n> that means 64 KiB. */
static const struct {
	uint8_t tsz, tg, tg_64k;
} halves[] = { { 0, 14, 1 }, { 16, 30, 3 } };

#define TSZ_MOST 48
#define TOP_BYTE (0xffull << 56)

/* Bits of an address that are none: fewer than 16 take FEAT_LPA2's DS, or FEAT_LVA, which is for granules of 64 KiB. */
static unsigned least_tsz(uint64_t tcr, unsigned half)
{
	return tcr & TCR_DS || (tcr >> halves[half].tg & 3) == halves[half].tg_64k ? 12 : 16;
}

static unsigned unused_in(uint64_t tcr, unsigned half)
{
	unsigned size = tcr >> halves[half].tsz & 63, least = least_tsz(tcr, half);

	return size < least ? least : size > TSZ_MOST ? TSZ_MOST : size;
}

/* An upper half that was never set up has size 0. */
static bool has_upper(uint64_t tcr)
{
	return !(tcr & TCR_EPD1) && (tcr >> halves[1].tsz & 63) >= least_tsz(tcr, 1);
}

/* gdb has the same mask for both halves: the mask may cover no address of either half. */
static unsigned unused_bits(uint64_t tcr)
{
	unsigned lower = unused_in(tcr, 0), upper = unused_in(tcr, 1);

	return has_upper(tcr) && upper < lower ? upper : lower;
}

/*
 * Nothing is told while the MMU is off. All addresses are mapped then, as far as tables say; lldb, which looks for a gap to
 * keep its variables in (14, IRMemoryMap::FindSpace()), would begin at 0 again behind the last bit, and never end.
 */
int aarch64_address_bits(struct view *v, unsigned *lower, unsigned *upper)
{
	uint64_t sctlr, tcr;
	int err = v->get(v, A64_SCTLR_EL1, &sctlr);

	if (!err)
		err = sctlr & SCTLR_M ? v->get(v, A64_TCR_EL1, &tcr) : -ENOENT;
	if (err)
		return err;
	*lower = 64 - unused_in(tcr, 0);
	*upper = has_upper(tcr) ? 64 - unused_in(tcr, 1) : *lower;
	return 0;
}

/*
 * The bits of a pointer that hold its authentication code: from the top of the address up to bit 54, and the top byte unless it
 * is ignored ("Pointer authentication", the Arm ARM's CalculateBottomPACBit).
 */
static int pac_mask(struct view *v, bool code, uint64_t *value)
{
	uint64_t key, tcr;
	bool ignored;
	int err = v->get(v, A64_APIAKEYLO_EL1, &key); /* there are codes at all */

	if (!err)
		err = v->get(v, A64_TCR_EL1, &tcr);
	if (err)
		return err;
	ignored = tcr & TCR_TBI0 && !(code && tcr & TCR_TBID0);
	*value = ((1ull << 55) - (1ull << (64 - unused_bits(tcr)))) | (ignored ? 0 : TOP_BYTE);
	return 0;
}

static int get_pauth_dmask(struct view *v, uint64_t *value)
{
	return pac_mask(v, false, value);
}

static int get_pauth_cmask(struct view *v, uint64_t *value)
{
	return pac_mask(v, true, value);
}

const struct arch_computed aarch64_computed[A64_COMPUTED] = {
	{ "sp", get_sp, set_sp, 0 },
	{ "vg", get_vg, NULL, 0 },
	{ "pauth_dmask", get_pauth_dmask, NULL, 0 },
	{ "pauth_cmask", get_pauth_cmask, NULL, 0 },
};

const struct arch_scale aarch64_scales[A64_SCALES] = {
	{ "vq", get_vq },
};
