/* SPDX-License-Identifier: BSD-2-Clause */
/* stub/arch/loongarch64.h against the kernel's headers for LoongArch. For a loongarch64 compiler, -I stub; nothing is to be run. */
#include <stddef.h>

#include "offsets_exits.h"
#include "arch/loongarch64.h"

SAME(0x81, _IOC_NR(KVM_GET_REGS));
SAME(0x82, _IOC_NR(KVM_SET_REGS));
SAME(0x8c, _IOC_NR(KVM_GET_FPU));
SAME(0x8d, _IOC_NR(KVM_SET_FPU));

SAME(LOONG_REGS_SIZE, sizeof(struct kvm_regs));
SAME(LOONG_FPU_SIZE, sizeof(struct kvm_fpu));
SAME(KEY_OFFSET(LOONG_PC), offsetof(struct kvm_regs, pc));

SAME(LOONG_CRMD, KVM_IOC_CSRID(0x0));
SAME(LOONG_DMW(3), KVM_IOC_CSRID(0x183));
SAME(LOONG_CPUCFG(2), KVM_IOC_CPUCFG(2));
SAME(0, sizeof(struct kvm_guest_debug_arch));
