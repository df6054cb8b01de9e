/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 64-bit Power, little-endian: its struct ioctls, the breakpoint opcode, what its exits mean. Addresses are ppc64_mmu.c's,
 * steps ppc64_step.c's: kvm-hv takes a request for single-stepping, or for debug registers, and does nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "debug_common.h"
#include "exit_common.h"
#include "ppc64.h"
#include "view_all.h"

extern const struct tdesc_table tdesc_ppc64le;

/* <linux/kvm.h>: KVM_GET_REGS and KVM_SET_REGS, ..._SREGS; what KVM_PPC_CONFIGURE_V3_MMU sets, nothing gets. */
static const struct arch_block blocks[] = {
	[PPC_REGS] = { .name = "regs", .get_nr = 0x81, .set_nr = 0x82, .size = PPC_REGS_SIZE },
	[PPC_SREGS] = { .name = "sregs", .get_nr = 0x83, .set_nr = 0x84, .size = PPC_SREGS_SIZE },
	[PPC_MMU] = { .name = "mmu", .size = PPC_MMU_SIZE, .told = true },
};

/*
 * KVMPPC_INST_SW_BREAKPOINT (arch/powerpc/include/asm/kvm_ppc.h), which KVM tells as DEBUG_INST: 0x00dddd00, an instruction
 * that is not there. It reads the same from both ends, so it serves a guest of either byte order.
 */
static const uint8_t debug_inst[] = { 0x00, 0xdd, 0xdd, 0x00 };

static unsigned point_slots(const struct arch_point *p)
{
	(void)p;
	return 0;
}

static size_t encode_debug(const struct debug_request *d, uint32_t *control, void *bytes)
{
	*control = debug_control(d, 0);
	memset(bytes, 0, ARCH_DEBUG_SIZE);
	return PPC_DEBUG_SIZE;
}

/* The one debug exit that there is (kvmppc_emulate_debug_inst, book3s_hv.c). */
static void classify(const struct vcpu_exit *exit, struct arch_hit *hit)
{
	struct ppc64_debug_exit e;

	*hit = (struct arch_hit){ .kind = HIT_NONE, .emulated = exit_is_emulation_failure(exit) };
	if (exit->reason != REASON_DEBUG)
		return;
	exit_data(exit, &e);
	hit->kind = HIT_PLANTED;
	hit->have_addr = true;
	hit->addr = e.address;
}

/* Book III, "Program Interrupt" */
#define SRR1_FROM_MSR (~0x783f0000ull)
#define SRR1_ILLEGAL (1ull << 19)
#define LPCR_ILE (1ull << 25)
#define VECTOR_PROGRAM 0x700ull

/* The opcode is no instruction: without us it is a program interrupt for an illegal one. */
static int give_back(struct view *v, const struct vcpu_exit *exit, uint32_t *control)
{
	enum {
		PC,
		MSR,
		LPCR
	};
	struct view_value is[] = { { PPC_PC, 0 }, { PPC_MSR, 0 }, { PPC_LPCR, 0 } };
	struct ppc64_interrupt i;
	int err = view_get_all(v, is, COUNT_OF(is));

	(void)exit;
	*control = 0;
	if (!err)
		err = ppc64_interrupt(v, &i);
	if (err)
		return err;
	return view_set_all(v,
		(struct view_value[]){
			{ PPC_SRR0, is[PC].value },
			{ PPC_SRR1, (is[MSR].value & SRR1_FROM_MSR) | SRR1_ILLEGAL },
			{ PPC_MSR, i.msr | (is[LPCR].value & LPCR_ILE ? PPC_MSR_LE : 0) },
			{ PPC_PC, i.vectors + VECTOR_PROGRAM },
		},
		4);
}

/* No vCPU has a state that KVM_GET_MP_STATE tells: it is EINVAL. */
static const char *mp_state(uint32_t state)
{
	(void)state;
	return NULL;
}

static const uint8_t probe_code[] = {
	0x00, 0x00, 0x00, 0x60, /* nop */
	0x00, 0x00, 0x00, 0x60, /* nop */
	0x00, 0x00, 0x64, 0xf8, /* std r3, 0(r4) */
	0x00, 0x00, 0x65, 0xf8, /* std r3, 0(r5) */
	0x00, 0x00, 0x00, 0x48, /* b . */
};

#define PROBE_OUTSIDE 0x40000000

/* Vectors are at 0 and cannot be moved: the scratch machine ends the run there itself (host/vm_powerpc.c). */
static int probe_start(struct view *v, uint64_t code, uint64_t data, uint64_t vectors)
{
	int err = v->set(v, PPC_GPR(4), data);

	(void)vectors;
	if (!err)
		err = v->set(v, PPC_GPR(5), PROBE_OUTSIDE);
	return err ? err : v->set(v, PPC_PC, code);
}

static const struct arch_probe probe = {
	.code = probe_code,
	.size = sizeof(probe_code),
	.second = 4,
	.store = 8,
	.start = probe_start,
};

const struct arch arch_ppc64le = {
	.name = "ppc64le",
	.llvm = "powerpc64le",
	.pointer_size = 8,
	.tdesc = &tdesc_ppc64le,
	.insn_align = 4,
	.regs = {
		.pc = PPC_PC,
		.blocks = blocks,
		.nblocks = sizeof(blocks) / sizeof(blocks[0]),
		.mp_state = mp_state,
	},
	.walk = {
		.translate = ppc64_translate,
		.untranslated = ppc64_untranslated,
		.aliases = ppc64_aliases,
		.entry_flags = ppc64_entry_flags,
	},
	.trap = {
		.opcode = { debug_inst, sizeof(debug_inst) },
	},
	.debug = {
		.point_slots = point_slots,
		.encode = encode_debug,
		.fetch = &ppc64_fetch,
	},
	.exit = {
		.classify = classify,
		.describe = exit_describe,
		.give_back = give_back,
	},
	.step = {
		.mask = &ppc64_mask,
		.successors = ppc64_successors,
		.translate_next = ppc64_translate_next,
	},
	.probe = &probe,
	.os = &ppc64_linux,
};
