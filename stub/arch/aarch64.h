/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64 as KVM has it: the ids of the registers that arch/ itself uses, the debug request and the debug exit. Constants are from
 * arch/arm64/include/uapi/asm/kvm.h and, for fields of registers, from the Arm Architecture Reference Manual (DDI 0487);
 * tests/lint/offsets_aarch64.c compares the former with the kernel's header.
 */
#ifndef ARCH_AARCH64_H
#define ARCH_AARCH64_H

#include <stdint.h>

#include "arch.h"

/* KVM_REG_ARM_CORE: n counts 32-bit words of struct kvm_regs. */
#define A64_CORE(n) (0x6030000000100000ull | (n))
#define A64_X(n) A64_CORE(2 * (n))
#define A64_SP_EL0 A64_CORE(0x3e)
#define A64_PC A64_CORE(0x40)
#define A64_PSTATE A64_CORE(0x42)
#define A64_SP_EL1 A64_CORE(0x44)
#define A64_ELR_EL1 A64_CORE(0x46)
#define A64_SPSR_EL1 A64_CORE(0x48)

/* ARM64_SYS_REG */
#define A64_SYSREG(op0, op1, crn, crm, op2) \
	(0x6030000000130000ull | (op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define A64_ID_AA64PFR0_EL1 A64_SYSREG(3, 0, 0, 4, 0)
#define A64_ID_AA64PFR1_EL1 A64_SYSREG(3, 0, 0, 4, 1)
#define A64_ID_AA64MMFR1_EL1 A64_SYSREG(3, 0, 0, 7, 1)
#define A64_SCTLR_EL1 A64_SYSREG(3, 0, 1, 0, 0)
#define A64_ZCR_EL1 A64_SYSREG(3, 0, 1, 2, 0)
#define A64_APIAKEYLO_EL1 A64_SYSREG(3, 0, 2, 1, 0)
#define A64_TTBR0_EL1 A64_SYSREG(3, 0, 2, 0, 0)
#define A64_TTBR1_EL1 A64_SYSREG(3, 0, 2, 0, 1)
#define A64_TCR_EL1 A64_SYSREG(3, 0, 2, 0, 2)
#define A64_ESR_EL1 A64_SYSREG(3, 0, 5, 2, 0)
#define A64_FAR_EL1 A64_SYSREG(3, 0, 6, 0, 0)
#define A64_VBAR_EL1 A64_SYSREG(3, 0, 12, 0, 0)
#define A64_SP_EL2 A64_SYSREG(3, 6, 4, 1, 0)

/* KVM_REG_ARM64_SVE_VLS */
#define A64_SVE_VLS 0x606000000015ffffull

/* PSTATE.M, bits 4..0; bit 4 is nRW: AArch32. */
#define A64_MODE_MASK 0x1f
#define A64_MODE_32 0x10
#define A64_MODE_USER_32 0x10
#define A64_MODE_EL0 0x00
#define A64_MODE_EL1T 0x04
#define A64_MODE_EL1H 0x05
#define A64_MODE_EL2T 0x08
#define A64_MODE_EL2H 0x09

/* In AArch32 state: T32 code, else A32. */
#define A64_PSTATE_T (1ull << 5)

/* KVM_GUESTDBG_USE_HW */
#define A64_DEBUG_USE_HW 0x20000

/* KVM_ARM_MAX_DBG_REGS */
#define A64_DEBUG_REGS 16

/* struct kvm_guest_debug_arch */
struct aarch64_debug {
	uint64_t bcr[A64_DEBUG_REGS];
	uint64_t bvr[A64_DEBUG_REGS];
	uint64_t wcr[A64_DEBUG_REGS];
	uint64_t wvr[A64_DEBUG_REGS];
};

/* struct kvm_debug_exit_arch */
struct aarch64_debug_exit {
	uint32_t hsr;
	uint32_t hsr_high;
	uint64_t far;
};

/* struct kvm_vcpu_events */
#define A64_EVENTS_SIZE 64

/* aarch64_regs.c: struct arch_regs' tables */
#define A64_BLOCKS 1
extern const struct arch_block aarch64_blocks[A64_BLOCKS];
#define A64_COMPUTED 4
#define A64_SCALES 1
extern const struct arch_computed aarch64_computed[A64_COMPUTED];
extern const struct arch_scale aarch64_scales[A64_SCALES];

/* aarch64_trap.c: struct arch_trap's at() and struct arch_debug's insn_at() */
int aarch64_trap_at(struct view *v, uint64_t va, uint64_t kind, const struct arch_page *page, struct arch_opcode *opcode);
unsigned aarch64_insn_at(struct view *v, uint64_t va, uint64_t kind);

/* Of the register that is the stack pointer in the present mode. 0 or -errno. */
int aarch64_stack_pointer(struct view *v, uint64_t *key);

/* aarch64_access.c: struct arch_exit's access() and accessed() */
int aarch64_access(struct view *v, const struct vcpu_exit *exit, const uint8_t *code, size_t len, struct arch_access *access,
	char *why, size_t size);
int aarch64_accessed(struct view *v, const uint8_t *code, struct arch_access *access);

/* aarch64_exception.c: struct arch_exit's give_back(), and struct arch_debug's fetch */
int aarch64_give_back(struct view *v, const struct vcpu_exit *exit, uint32_t *control);
extern const struct arch_fetch aarch64_fetch;

/* aarch64_step.c: struct arch_step's successors() */
int aarch64_successors(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS]);

/* aarch64_regs.c: struct arch_walk's address_bits() */
int aarch64_address_bits(struct view *v, unsigned *lower, unsigned *upper);

/* aarch64_mmu.c: struct arch_walk's translate(), aliases() and entry_flags */
extern const struct arch_flag aarch64_entry_flags[];
int aarch64_translate(struct view *v, uint64_t va, struct arch_page *page);
uint64_t aarch64_aliases(struct view *v, uint64_t va);

/* aarch64_mask.c: struct arch_step's mask */
extern const struct arch_mask aarch64_mask;

#endif
