/* SPDX-License-Identifier: BSD-2-Clause */
/* stub/arch/riscv64.h against the kernel's headers for riscv. For a riscv64 compiler, -I stub; nothing is to be run. */
#include <stddef.h>

#include "offsets_exits.h"
#include "arch/riscv64.h"

#define ID(size, type, n) (KVM_REG_RISCV | KVM_REG_SIZE_##size | KVM_REG_RISCV_##type | (n))
#define CORE(member) ID(U64, CORE, KVM_REG_RISCV_CORE_REG(member))
#define CSR(member) ID(U64, CSR, KVM_REG_RISCV_CSR_REG(member))

SAME(RV_PC, CORE(regs.pc));
SAME(RV_X(1), CORE(regs.ra));
SAME(RV_X(10), CORE(regs.a0));
SAME(RV_X(31), CORE(regs.t6));
SAME(RV_MODE, CORE(mode));
SAME(RV_MODE_U, KVM_RISCV_MODE_U);

SAME(RV_SIE, CSR(sie));
SAME(RV_STVEC, CSR(stvec));
SAME(RV_SEPC, CSR(sepc));
SAME(RV_SATP, CSR(satp));

SAME(RV_FCSR_D, ID(U32, FP_D, KVM_REG_RISCV_FP_D_REG(fcsr)));
SAME(RV_FCSR_F, ID(U32, FP_F, KVM_REG_RISCV_FP_F_REG(fcsr)));
#ifdef KVM_REG_RISCV_VECTOR_CSR_REG /* since Linux 6.6 */
SAME(RV_VLENB, ID(U64, VECTOR, KVM_REG_RISCV_VECTOR_CSR_REG(vlenb)));
#endif

/* encode_debug() and classify() know that there is nothing in them. */
SAME(0, sizeof(struct kvm_guest_debug_arch));
SAME(0, sizeof(struct kvm_debug_exit_arch));
