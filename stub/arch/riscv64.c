/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: its computed registers and what its exits mean. The page walk is riscv64_mmu.c; as KVM has neither single-step nor
 * debug registers (arch/riscv/kvm/vcpu.c, kvm_arch_vcpu_ioctl_set_guest_debug), stepping is riscv64_step.c. Register names are
 * those of the RISC-V Instruction Set Manual.
 */
#include <errno.h>

#include "debug_common.h"
#include "exit_common.h"
#include "riscv64.h"
#include "view_all.h"

extern const struct tdesc_table tdesc_riscv64;

static int get_zero(struct view *v, uint64_t *value)
{
	(void)v;
	*value = 0;
	return 0;
}

/* fcsr: fflags is bits 4..0, frm is bits 7..5 (volume I, "Floating-Point Control and Status Register"). */
#define FFLAGS_AT 0
#define FFLAGS_MASK 0x1full
#define FRM_AT 5
#define FRM_MASK 0x7ull

static int get_fcsr(struct view *v, uint64_t *key, uint64_t *fcsr)
{
	*key = RV_FCSR_D;
	if (!v->get(v, *key, fcsr))
		return 0;
	*key = RV_FCSR_F;
	return v->get(v, *key, fcsr);
}

static int get_fcsr_field(struct view *v, unsigned at, uint64_t mask, uint64_t *value)
{
	uint64_t key, fcsr;
	int err = get_fcsr(v, &key, &fcsr);

	if (!err)
		*value = fcsr >> at & mask;
	return err;
}

static int set_fcsr_field(struct view *v, unsigned at, uint64_t mask, uint64_t value)
{
	uint64_t key, fcsr;
	int err = get_fcsr(v, &key, &fcsr);

	if (!err && value & ~mask)
		err = -EINVAL;
	return err ? err : v->set(v, key, (fcsr & ~(mask << at)) | value << at);
}

static int get_fflags(struct view *v, uint64_t *value)
{
	return get_fcsr_field(v, FFLAGS_AT, FFLAGS_MASK, value);
}

static int set_fflags(struct view *v, uint64_t value)
{
	return set_fcsr_field(v, FFLAGS_AT, FFLAGS_MASK, value);
}

static int get_frm(struct view *v, uint64_t *value)
{
	return get_fcsr_field(v, FRM_AT, FRM_MASK, value);
}

static int set_frm(struct view *v, uint64_t value)
{
	return set_fcsr_field(v, FRM_AT, FRM_MASK, value);
}

static const struct arch_computed computed[] = {
	{ "zero", get_zero, NULL, 0 },
	{ "fflags", get_fflags, set_fflags, 0 },
	{ "frm", get_frm, set_frm, 0 },
};

/* The width of v0..v31 in units of 128 bits, the least that extension V has (volume I, "Implementation-defined Constants"). */
static int get_v128(struct view *v, unsigned *times)
{
	uint64_t vlenb;
	int err = v->get(v, RV_VLENB, &vlenb);

	if (!err)
		*times = vlenb / 16;
	return err;
}

static const struct arch_scale scales[] = {
	{ "v128", get_v128 },
};

/* Two bytes fit any instruction. Every processor that KVM runs on has the compressed ones (RVA20 and later profiles). */
static const uint8_t c_ebreak[] = { 0x02, 0x90 };

static unsigned point_slots(const struct arch_point *p)
{
	(void)p;
	return 0;
}

static size_t encode_debug(const struct debug_request *d, uint32_t *control, void *bytes)
{
	(void)bytes;
	/* There is no bit for planted opcodes: enabling is enough. */
	*control = debug_control(d, 0) & ~DEBUG_USE_SW_BP;
	return 0;
}

/* The only exception that guest debugging takes from the guest is that of ebreak, and the pc is still there. */
static void classify(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	*hit = (struct arch_hit){ .kind = exit->reason == REASON_DEBUG ? HIT_PLANTED : HIT_NONE };
}

/* Volume II, "Supervisor Status Register" and "Supervisor Cause Register". */
#define SSTATUS_SIE (1ull << 1)
#define SSTATUS_SPIE (1ull << 5)
#define SSTATUS_SPP (1ull << 8)
#define CAUSE_FETCH_ACCESS 1
#define CAUSE_BREAKPOINT 3
#define CAUSE_FETCH_PAGE 12

/* What is in front of an exception: sstatus of its handler. */
static uint64_t handler_sstatus(uint64_t sstatus, uint64_t mode)
{
	uint64_t new = sstatus & ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP);

	if (sstatus & SSTATUS_SIE)
		new |= SSTATUS_SPIE;
	return mode == RV_MODE_S ? new | SSTATUS_SPP : new;
}

/* An ebreak of its own. stvec's low bits say how interrupts are spread; an exception goes to the base. */
static int give_back(struct view *v, const struct vcpu_exit *exit, uint32_t *control)
{
	enum {
		PC,
		MODE,
		SSTATUS,
		STVEC
	};
	struct view_value is[] = { { RV_PC, 0 }, { RV_MODE, 0 }, { RV_SSTATUS, 0 }, { RV_STVEC, 0 } };
	int err = view_get_all(v, is, COUNT_OF(is));

	(void)exit;
	*control = 0;
	if (err)
		return err;
	return view_set_all(v,
		(struct view_value[]){
			{ RV_SCAUSE, CAUSE_BREAKPOINT },
			{ RV_STVAL, is[PC].value },
			{ RV_SEPC, is[PC].value },
			{ RV_SSTATUS, handler_sstatus(is[SSTATUS].value, is[MODE].value) },
			{ RV_MODE, RV_MODE_S },
			{ RV_PC, is[STVEC].value & ~3ull },
		},
		6);
}

static int fetch_handler(struct view *v, struct arch_page *page)
{
	uint64_t stvec;
	int err = v->get(v, RV_STVEC, &stvec);

	return err ? err : riscv64_translate(v, stvec & ~3ull, page);
}

/* Of an exception of supervisor or user mode that has just been taken: sstatus has in SPP and SPIE what it was. */
static int undo_fetch(struct view *v, uint64_t addr, const uint64_t was[ARCH_FETCH_KEYS])
{
	enum {
		SEPC,
		SCAUSE,
		SSTATUS
	};
	struct view_value is[] = { { RV_SEPC, 0 }, { RV_SCAUSE, 0 }, { RV_SSTATUS, 0 } };
	int err = view_get_all(v, is, COUNT_OF(is));
	uint64_t sstatus = is[SSTATUS].value, saved = SSTATUS_SPIE | SSTATUS_SPP;

	if (err)
		return err;
	if (is[SEPC].value != addr || (is[SCAUSE].value != CAUSE_FETCH_ACCESS && is[SCAUSE].value != CAUSE_FETCH_PAGE))
		return 0;
	err = view_set_all(v,
		(struct view_value[]){
			{ RV_SEPC, was[0] },
			{ RV_SCAUSE, was[1] },
			{ RV_STVAL, was[2] },
			{ RV_SSTATUS, (sstatus & ~saved) | (was[3] & saved) | (sstatus & SSTATUS_SPIE ? SSTATUS_SIE : 0) },
			{ RV_MODE, sstatus & SSTATUS_SPP ? RV_MODE_S : RV_MODE_U },
			{ RV_PC, addr },
		},
		6);
	return err ? err : 1;
}

static const struct arch_fetch fetch = {
	.keys = { RV_SEPC, RV_SCAUSE, RV_STVAL, RV_SSTATUS },
	.handler = fetch_handler,
	.undo = undo_fetch,
};

/* KVM_MP_STATE_*; arch/riscv/kvm/vcpu.c */
static const char *const mp_states[] = {
	[0] = "running",
	[5] = "stopped (SBI HSM)",
};

static const char *mp_state(uint32_t state)
{
	return state < sizeof(mp_states) / sizeof(mp_states[0]) ? mp_states[state] : NULL;
}

static const uint8_t probe_code[] = {
	0x13, 0x00, 0x00, 0x00, /* nop */
	0x13, 0x00, 0x00, 0x00, /* nop */
	0x23, 0x30, 0xb5, 0x00, /* sd a1, 0(a0) */
	0x23, 0xb0, 0xb5, 0x00, /* sd a1, 0(a1) */
	0x6f, 0x00, 0x00, 0x00, /* j . */
};

/* Of any exception: the store that ends the run, again. */
static const uint8_t probe_vector[] = {
	0x23, 0xb0, 0xb5, 0x00, /* sd a1, 0(a1) */
	0x6f, 0x00, 0x00, 0x00, /* j . */
};

/* Nothing is there: RAM of QEMU's virt machine, and of ours, begins at 2 GiB. */
#define PROBE_OUTSIDE 0x1000

static int probe_start(struct view *v, uint64_t code, uint64_t data, uint64_t vectors)
{
	int err = v->set(v, RV_STVEC, vectors);

	if (!err)
		err = v->set(v, RV_X(10), data);
	if (!err)
		err = v->set(v, RV_X(11), PROBE_OUTSIDE);
	return err ? err : v->set(v, RV_PC, code);
}

static const struct arch_probe probe = {
	.code = probe_code,
	.size = sizeof(probe_code),
	.second = 4,
	.store = 8,
	.start = probe_start,
	.vector = probe_vector,
	.vector_size = sizeof(probe_vector),
};

const struct arch arch_riscv64 = {
	.name = "riscv64",
	.llvm = "riscv64",
	.pointer_size = 8,
	.tdesc = &tdesc_riscv64,
	.insn_align = sizeof(c_ebreak),
	.regs = {
		.pc = RV_PC,
		.computed = computed,
		.ncomputed = sizeof(computed) / sizeof(computed[0]),
		.scales = scales,
		.nscales = sizeof(scales) / sizeof(scales[0]),
		.mp_state = mp_state,
	},
	.walk = {
		.translate = riscv64_translate,
		.aliases = riscv64_aliases,
		.handler = RV_STVEC,
		.vectors = RV_STVEC,
		.entry_flags = riscv64_entry_flags,
	},
	.trap = {
		.opcode = { c_ebreak, sizeof(c_ebreak) },
	},
	.debug = {
		.point_slots = point_slots,
		.encode = encode_debug,
		.fetch = &fetch,
	},
	.exit = {
		.classify = classify,
		.describe = exit_describe,
		.give_back = give_back,
	},
	.step = {
		.mask = &riscv64_mask,
		.successors = riscv64_successors,
	},
	.probe = &probe,
	.os = &riscv64_linux,
};
