/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: the guest takes an exception that KVM gave to us, as the processor would have done it (Arm Architecture Reference
 * Manual, DDI 0487, AArch64.TakeException). Knows no breakpoint of the debugger's.
 */
#include <errno.h>

#include "aarch64.h"
#include "exit_common.h"
#include "view_all.h"

/*
 * ESR_ELx.EC, bits 31..26. Hardware breakpoint, step and watchpoint have one class for each origin: that of the handler's own
 * level is higher by 1.
 */
#define ESR_EC_AT 26
#define EC_FETCH 0x20 /* an instruction abort; of the own level 0x21 */
#define EC_BREAKPOINT 0x30
#define EC_STEP 0x32
#define EC_WATCHPOINT 0x34

/* Fields of PSTATE, and those that an exception leaves as they are. */
#define PSTATE_NZCV (0xfull << 28)
#define PSTATE_TCO (1ull << 25)
#define PSTATE_DIT (1ull << 24)
#define PSTATE_PAN (1ull << 22)
#define PSTATE_SSBS (1ull << 12)
#define PSTATE_DAIF (0xfull << 6)
#define PSTATE_KEPT (PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN)

#define SCTLR_DSSBS (1ull << 44)
#define SCTLR_SPAN (1ull << 23)

/* ID_AA64MMFR1_EL1.PAN and ID_AA64PFR1_EL1.MTE; without the feature the bit of PSTATE is reserved. */
#define ID_MMFR1_PAN(value) ((value) >> 20 & 0xf)
#define ID_PFR1_MTE(value) ((value) >> 8 & 0xf)

/* Offsets from VBAR_EL1 of the synchronous exceptions, by the level that they come from. */
#define VECTOR_SAME_SP0 0x000
#define VECTOR_SAME_SPX 0x200
#define VECTOR_LOWER_64 0x400
#define VECTOR_LOWER_32 0x600

/* PSTATE.M of the levels that KVM's guests have. */
static const struct origin {
	uint8_t mode;
	bool same_level;
	uint16_t vector;
} origins[] = {
	{ A64_MODE_EL0, false, VECTOR_LOWER_64 }, { A64_MODE_EL1T, true, VECTOR_SAME_SP0 },
	{ A64_MODE_EL1H, true, VECTOR_SAME_SPX }, { A64_MODE_32, false, VECTOR_LOWER_32 }, /* User mode of AArch32 */
};

static const struct origin *find_origin(uint64_t pstate)
{
	for (unsigned i = 0; i < COUNT_OF(origins); i++)
		if ((pstate & A64_MODE_MASK) == origins[i].mode)
			return &origins[i];
	return NULL;
}

static uint64_t id_field(struct view *v, uint64_t id)
{
	uint64_t value;

	return v->get(v, id, &value) ? 0 : value;
}

static uint64_t handler_pstate(struct view *v, uint64_t pstate, uint64_t sctlr)
{
	uint64_t new = (pstate & PSTATE_KEPT) | PSTATE_DAIF | A64_MODE_EL1H;

	if (!(sctlr & SCTLR_SPAN) && ID_MMFR1_PAN(id_field(v, A64_ID_AA64MMFR1_EL1)))
		new |= PSTATE_PAN;
	if (sctlr & SCTLR_DSSBS)
		new |= PSTATE_SSBS;
	if (ID_PFR1_MTE(id_field(v, A64_ID_AA64PFR1_EL1)))
		new |= PSTATE_TCO;
	return new;
}

/* The syndrome as EL1 sees it; KVM has told the syndrome of an exception from a lower level, EL2's view. */
static uint64_t syndrome(uint32_t hsr, bool same_level)
{
	unsigned class = hsr >> ESR_EC_AT;
	bool two_classes = class == EC_BREAKPOINT || class == EC_STEP || class == EC_WATCHPOINT;

	return hsr + ((uint64_t)(same_level && two_classes) << ESR_EC_AT);
}

int aarch64_give_back(struct view *v, const struct vcpu_exit *exit, uint32_t *control)
{
	enum {
		PSTATE,
		PC,
		VBAR,
		SCTLR,
		FAR
	};
	struct view_value is[] = { { A64_PSTATE, 0 }, { A64_PC, 0 }, { A64_VBAR_EL1, 0 }, { A64_SCTLR_EL1, 0 },
		{ A64_FAR_EL1, 0 } };
	struct aarch64_debug_exit e;
	const struct origin *origin;
	int err = view_get_all(v, is, COUNT_OF(is));

	*control = 0;
	if (err)
		return err;
	origin = find_origin(is[PSTATE].value);
	if (!origin)
		return -EOPNOTSUPP;
	exit_data(exit, &e);
	if (e.hsr >> ESR_EC_AT == EC_WATCHPOINT)
		is[FAR].value = e.far;
	return view_set_all(v,
		(struct view_value[]){
			{ A64_ESR_EL1, syndrome(e.hsr, origin->same_level) },
			{ A64_FAR_EL1, is[FAR].value },
			{ A64_ELR_EL1, is[PC].value },
			{ A64_SPSR_EL1, is[PSTATE].value },
			{ A64_PSTATE, handler_pstate(v, is[PSTATE].value, is[SCTLR].value) },
			{ A64_PC, is[VBAR].value + origin->vector },
		},
		6);
}

static int fetch_handler(struct view *v, struct arch_page *page)
{
	uint64_t pstate, vbar;
	int err = v->get(v, A64_PSTATE, &pstate);
	const struct origin *origin;

	if (!err)
		err = v->get(v, A64_VBAR_EL1, &vbar);
	if (err)
		return err;
	origin = find_origin(pstate);
	return origin ? aarch64_translate(v, vbar + origin->vector, page) : -EOPNOTSUPP;
}

static int undo_fetch(struct view *v, uint64_t addr, const uint64_t was[ARCH_FETCH_KEYS])
{
	enum {
		ELR,
		SPSR,
		ESR
	};
	struct view_value is[] = { { A64_ELR_EL1, 0 }, { A64_SPSR_EL1, 0 }, { A64_ESR_EL1, 0 } };
	int err = view_get_all(v, is, COUNT_OF(is));

	if (err)
		return err;
	if (is[ELR].value != addr || (is[ESR].value >> ESR_EC_AT & 0x3e) != EC_FETCH)
		return 0;
	err = view_set_all(v,
		(struct view_value[]){
			{ A64_ELR_EL1, was[0] },
			{ A64_SPSR_EL1, was[1] },
			{ A64_ESR_EL1, was[2] },
			{ A64_FAR_EL1, was[3] },
			{ A64_PSTATE, is[SPSR].value },
			{ A64_PC, addr },
		},
		6);
	return err ? err : 1;
}

const struct arch_fetch aarch64_fetch = {
	.keys = { A64_ELR_EL1, A64_SPSR_EL1, A64_ESR_EL1, A64_FAR_EL1 },
	.handler = fetch_handler,
	.undo = undo_fetch,
};
