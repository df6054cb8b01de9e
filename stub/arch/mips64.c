/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mips64, of either byte order: its registers, and addresses that no TLB translates. KVM has no guest debugging there
 * (arch/mips/kvm/mips.c: KVM_SET_GUEST_DEBUG is ENOIOCTLCMD), so there is no opcode to plant, no step and no debug register. Not
 * yet run on real KVM: nothing in host/ makes such a VM.
 */
#include <errno.h>
#include <string.h>

#include "debug_common.h"
#include "exit_common.h"
#include "mips64.h"

extern const struct tdesc_table tdesc_mips64;

static int get_extended(struct view *v, uint64_t key, uint64_t *value)
{
	int err = v->get(v, key, value);

	if (!err)
		*value = (uint64_t)(int64_t)(int32_t)*value;
	return err;
}

/* What is not the sign-extension of 32 bits cannot be in the register. */
static int set_extended(struct view *v, uint64_t key, uint64_t value)
{
	if ((uint64_t)(int64_t)(int32_t)value != value)
		return -EINVAL;
	return v->set(v, key, (uint32_t)value);
}

static int get_status(struct view *v, uint64_t *value)
{
	return get_extended(v, MIPS_STATUS, value);
}

static int set_status(struct view *v, uint64_t value)
{
	return set_extended(v, MIPS_STATUS, value);
}

static int get_cause(struct view *v, uint64_t *value)
{
	return get_extended(v, MIPS_CAUSE, value);
}

static int set_cause(struct view *v, uint64_t value)
{
	return set_extended(v, MIPS_CAUSE, value);
}

static const struct arch_computed computed[] = {
	{ "status", get_status, set_status, MIPS_STATUS },
	{ "cause", get_cause, set_cause, MIPS_CAUSE },
};

static unsigned point_slots(const struct arch_point *p)
{
	(void)p;
	return 0;
}

/* struct kvm_guest_debug_arch is empty. */
static size_t encode_debug(const struct debug_request *d, uint32_t *control, void *bytes)
{
	*control = debug_control(d, 0);
	memset(bytes, 0, ARCH_DEBUG_SIZE);
	return 0;
}

/* KVM_EXIT_DEBUG (arch/mips/kvm/emulate.c) is never the answer to a request of ours. */
static void classify(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	*hit = (struct arch_hit){ .kind = HIT_NONE, .emulated = exit_is_emulation_failure(exit) };
}

/*
 * MIPS64 Privileged Resource Architecture (MD00091), "Virtual Address Spaces": kseg0 and kseg1, and xkphys, whose lower bits are
 * the physical address. Everything else goes through the TLB, which KVM does not show.
 */
static const struct {
	uint64_t first, last, mask;
} unmapped[] = {
	{ 0xffffffff80000000, 0xffffffffbfffffff, 0x1fffffff },
	{ 0x8000000000000000, 0xbfffffffffffffff, 0x07ffffffffffffff },
};

#define PAGE_SIZE 0x1000ull

static int translate(struct view *v, uint64_t va, struct arch_page *page)
{
	(void)v;
	for (size_t i = 0; i < sizeof(unmapped) / sizeof(unmapped[0]); i++) {
		if (va >= unmapped[i].first && va <= unmapped[i].last) {
			*page = (struct arch_page){
				.pa = va & unmapped[i].mask,
				.size = PAGE_SIZE - va % PAGE_SIZE,
				.access = ARCH_PAGE_ANY | ARCH_PAGE_BARE,
			};
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

static const char *mp_state(uint32_t state)
{
	return state == 0 ? "running" : NULL; /* KVM_MP_STATE_RUNNABLE; KVM has no others here */
}

const struct arch arch_mips64 = {
	.name = "mips64",
	.llvm = "mips64el",
	.pointer_size = 8,
	.tdesc = &tdesc_mips64,
	.insn_align = 2, /* MIPS16 and microMIPS */
	.regs = {
		.pc = MIPS_PC,
		.computed = computed,
		.ncomputed = sizeof(computed) / sizeof(computed[0]),
		.mp_state = mp_state,
	},
	.walk = {
		.translate = translate,
	},
	.debug = {
		.point_slots = point_slots,
		.encode = encode_debug,
	},
	.exit = {
		.classify = classify,
		.describe = exit_describe,
	},
};
