/* SPDX-License-Identifier: BSD-2-Clause */
/* stub/arch/aarch64.h against the kernel's headers for arm64. For an arm64 compiler, -I stub; nothing is to be run. */
#include <stddef.h>

#include "offsets_exits.h"
#include "arch/aarch64.h"

#define CORE(member) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(member))

SAME(A64_X(0), CORE(regs.regs[0]));
SAME(A64_X(30), CORE(regs.regs[30]));
SAME(A64_SP_EL0, CORE(regs.sp));
SAME(A64_PC, CORE(regs.pc));
SAME(A64_PSTATE, CORE(regs.pstate));
SAME(A64_SP_EL1, CORE(sp_el1));

SAME(A64_SCTLR_EL1, ARM64_SYS_REG(3, 0, 1, 0, 0));
SAME(A64_TTBR0_EL1, ARM64_SYS_REG(3, 0, 2, 0, 0));
SAME(A64_TTBR1_EL1, ARM64_SYS_REG(3, 0, 2, 0, 1));
SAME(A64_TCR_EL1, ARM64_SYS_REG(3, 0, 2, 0, 2));
SAME(A64_VBAR_EL1, ARM64_SYS_REG(3, 0, 12, 0, 0));
SAME(A64_SP_EL2, ARM64_SYS_REG(3, 6, 4, 1, 0));

SAME(A64_ZCR_EL1, ARM64_SYS_REG(3, 0, 1, 2, 0));
SAME(A64_APIAKEYLO_EL1, ARM64_SYS_REG(3, 0, 2, 1, 0));
SAME(A64_SVE_VLS, KVM_REG_ARM64_SVE_VLS);

SAME(A64_MODE_EL2T, PSR_MODE_EL2t);
SAME(A64_MODE_EL2H, PSR_MODE_EL2h);
SAME(A64_MODE_32, PSR_MODE32_BIT);
SAME(A64_MODE_MASK, PSR_MODE32_BIT | PSR_MODE_MASK);

SAME(A64_DEBUG_USE_HW, KVM_GUESTDBG_USE_HW);
SAME(A64_DEBUG_REGS, KVM_ARM_MAX_DBG_REGS);
SAME(sizeof(struct aarch64_debug), sizeof(struct kvm_guest_debug_arch));
SAME(A64_EVENTS_SIZE, sizeof(struct kvm_vcpu_events));
SAME(offsetof(struct aarch64_debug, bcr), offsetof(struct kvm_guest_debug_arch, dbg_bcr));
SAME(offsetof(struct aarch64_debug, bvr), offsetof(struct kvm_guest_debug_arch, dbg_bvr));
SAME(offsetof(struct aarch64_debug, wcr), offsetof(struct kvm_guest_debug_arch, dbg_wcr));
SAME(offsetof(struct aarch64_debug, wvr), offsetof(struct kvm_guest_debug_arch, dbg_wvr));

SAME_PLACE(struct aarch64_debug_exit, hsr, debug.arch.hsr);
SAME_PLACE(struct aarch64_debug_exit, hsr_high, debug.arch.hsr_high);
SAME_PLACE(struct aarch64_debug_exit, far, debug.arch.far);
