/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loongarch64 as KVM has it: the struct ioctls and the ids of the registers that arch/ itself uses, from
 * arch/loongarch/include/uapi/asm/kvm.h; tests/lint/offsets_loongarch64.c compares them with the kernel's header.
 */
#ifndef ARCH_LOONGARCH64_H
#define ARCH_LOONGARCH64_H

#include "arch.h"

/* The blocks, in the order of arch->blocks: struct kvm_regs, kvm_fpu. */
#define LOONG_REGS 0
#define LOONG_FPU 1

#define LOONG_REGS_SIZE 264
#define LOONG_FPU_SIZE 1040

/* Components of struct kvm_fpu's registers, as kvm:component counts them. */
#define LOONG_LSX 0
#define LOONG_LASX 1

#define LOONG_PC KEY_BLOCK(LOONG_REGS, 8, 0x100)

/* KVM_IOC_CSRID */
#define LOONG_CSR(n) (0x9030000000010000ull | (n) << 3)
#define LOONG_CRMD LOONG_CSR(0x0)
#define LOONG_DMW(n) LOONG_CSR(0x180 + (n))

/* KVM_IOC_CPUCFG */
#define LOONG_CPUCFG(n) (0x9030000000040000ull | (n) << 3)

#endif
