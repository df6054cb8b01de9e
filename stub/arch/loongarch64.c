/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loongarch64: its struct ioctls, its planted opcode, addresses in direct and direct-mapped modes. KVM has neither a
 * single-step nor debug registers there. Not yet run on real KVM: nothing in host/ makes such a VM. Names and fields are those
 * of the LoongArch Reference Manual, volume 1.
 */
#include <errno.h>
#include <string.h>

#include "debug_common.h"
#include "exit_common.h"
#include "loongarch64.h"

extern const struct tdesc_table tdesc_loongarch64;

/* <linux/kvm.h>: KVM_GET_REGS and KVM_SET_REGS, ..._FPU */
static const struct arch_block blocks[] = {
	[LOONG_REGS] = { .name = "regs", .get_nr = 0x81, .set_nr = 0x82, .size = LOONG_REGS_SIZE },
	[LOONG_FPU] = { .name = "fpu", .get_nr = 0x8c, .set_nr = 0x8d, .size = LOONG_FPU_SIZE },
};

/* orig_a0 is Linux's, for a system call that may be restarted; no vCPU has such a register. */
static int get_orig_a0(struct view *v, uint64_t *value)
{
	(void)v;
	*value = 0;
	return 0;
}

static const struct arch_computed computed[] = {
	{ "orig_a0", get_orig_a0, NULL, 0 },
};

/* CPUCFG word 2: LSX (bit 6), LASX (bit 7). */
static int component(struct view *v, unsigned n, unsigned *at)
{
	static const uint64_t there[] = { [LOONG_LSX] = 1 << 6, [LOONG_LASX] = 1 << 7 };
	uint64_t cpucfg;
	int err = v->get(v, LOONG_CPUCFG(2), &cpucfg);

	*at = 0;
	if (err)
		return err;
	return n < sizeof(there) / sizeof(there[0]) && cpucfg & there[n] ? 0 : -ENOENT;
}

/* hvcl 0x101: INSN_HVCL | KVM_HCALL_SWDBG, which KVM_REG_LOONGARCH_DEBUG_INST reads as (arch/loongarch/kvm/vcpu.c). */
static const uint8_t hvcl_swdbg[] = { 0x01, 0x81, 0x2b, 0x00 };

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

/* The one debug exit is that of the planted opcode, with the pc at the opcode (arch/loongarch/kvm/exit.c). */
static void classify(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	*hit = (struct arch_hit){ .kind = HIT_NONE, .emulated = exit_is_emulation_failure(exit) };
	if (exit->reason == REASON_DEBUG)
		hit->kind = HIT_PLANTED;
}

/* CRMD: PLV (bits 1..0), DA (bit 3): direct addresses, PG (bit 4). */
#define CRMD_PLV 0x3
#define CRMD_DA 0x8

/* DMW0..DMW3: bits 3..0 a level each that may use it, bits 63..60 the segment. An address has at most 48 physical bits. */
#define DMW_COUNT 4
#define SEGMENT_SHIFT 60
#define PHYS_MASK ((1ull << 48) - 1)
#define PAGE_SIZE 0x1000ull

static bool in_window(uint64_t window, unsigned level, uint64_t va)
{
	return window >> level & 1 && window >> SEGMENT_SHIFT == va >> SEGMENT_SHIFT;
}

/* 0 when one of the windows has the address; -EOPNOTSUPP when it goes by the page tables, whose shape only software knows. */
static int find_window(struct view *v, unsigned level, uint64_t va)
{
	for (unsigned i = 0; i < DMW_COUNT; i++) {
		uint64_t window;
		int err = v->get(v, LOONG_DMW(i), &window);

		if (err)
			return err;
		if (in_window(window, level, va))
			return 0;
	}
	return -EOPNOTSUPP;
}

static int translate(struct view *v, uint64_t va, struct arch_page *page)
{
	uint64_t crmd;
	int err = v->get(v, LOONG_CRMD, &crmd);

	if (!err && !(crmd & CRMD_DA))
		err = find_window(v, crmd & CRMD_PLV, va);
	if (err)
		return err;
	*page = (struct arch_page){
		.pa = va & PHYS_MASK,
		.size = PAGE_SIZE - va % PAGE_SIZE,
		.access = ARCH_PAGE_ANY | ARCH_PAGE_BARE,
	};
	return 0;
}

static const char *mp_state(uint32_t state)
{
	return state == 0 ? "running" : NULL; /* KVM_MP_STATE_RUNNABLE; KVM has no others here */
}

const struct arch arch_loongarch64 = {
	.name = "loongarch64",
	.llvm = "loongarch64",
	.pointer_size = 8,
	.tdesc = &tdesc_loongarch64,
	.insn_align = 4,
	.regs = {
		.pc = LOONG_PC,
		.blocks = blocks,
		.nblocks = sizeof(blocks) / sizeof(blocks[0]),
		.computed = computed,
		.ncomputed = sizeof(computed) / sizeof(computed[0]),
		.component = component,
		.mp_state = mp_state,
	},
	.walk = {
		.translate = translate,
	},
	.trap = {
		.opcode = { hvcl_swdbg, sizeof(hvcl_swdbg) },
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
