/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64 as KVM has it: the ids of the registers that arch/ itself uses, from arch/riscv/include/uapi/asm/kvm.h;
 * tests/lint/offsets_riscv64.c compares them with the kernel's header.
 */
#ifndef ARCH_RISCV64_H
#define ARCH_RISCV64_H

#include <stdint.h>

#include "arch.h"

/* KVM_REG_RISCV_CORE: struct user_regs_struct, which has the pc where x0 would be, and the mode behind it. */
#define RV_X(n) (0x8030000002000000ull | (n))
#define RV_PC RV_X(0)
#define RV_MODE RV_X(32)
#define RV_MODE_U 0
#define RV_MODE_S 1

/* KVM_REG_RISCV_CSR: struct kvm_riscv_csr */
#define RV_CSR(n) (0x8030000003000000ull | (n))
#define RV_SSTATUS RV_CSR(0)
#define RV_SIE RV_CSR(1)
#define RV_STVEC RV_CSR(2)
#define RV_SEPC RV_CSR(4)
#define RV_SCAUSE RV_CSR(5)
#define RV_STVAL RV_CSR(6)
#define RV_SATP RV_CSR(8)
#define RV_SENVCFG RV_CSR(10)
#define RV_FWFT_PMLEN 0x803000000a010005ull /* kvm_riscv_sbi_fwft.pointer_masking.value */

/* KVM_REG_RISCV_VECTOR: bytes of a vector register */
#define RV_VLENB 0x8030000009000004ull

/* fcsr, which KVM has once for each of the extensions: KVM_REG_RISCV_FP_D and KVM_REG_RISCV_FP_F. */
#define RV_FCSR_D 0x8020000006000020ull
#define RV_FCSR_F 0x8020000005000020ull

/* riscv64_mmu.c: struct arch_walk's translate(), aliases() and entry_flags */
extern const struct arch_flag riscv64_entry_flags[];
int riscv64_translate(struct view *v, uint64_t va, struct arch_page *page);
uint64_t riscv64_aliases(struct view *v, uint64_t va);

/* riscv64_step.c: struct arch_step's successors() */
int riscv64_successors(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS]);

/* riscv64_mask.c: struct arch_step's mask */
extern const struct arch_mask riscv64_mask;

#endif
