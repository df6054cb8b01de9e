/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * s390x as KVM has it: the struct ioctls, what is in struct kvm_run, the debug request and the exits. Constants are from
 * arch/s390/include/uapi/asm/kvm.h and <linux/kvm.h>; tests/lint/offsets_s390x.c compares them with the kernel's headers. The PSW
 * is that of the z/Architecture Principles of Operation (SA22-7832).
 */
#ifndef ARCH_S390X_H
#define ARCH_S390X_H

#include <stdint.h>

#include "arch.h"

/* The blocks, in the order of arch->blocks: struct kvm_regs, kvm_sregs, kvm_fpu; then parts of struct kvm_run. */
#define S390_REGS 0
#define S390_SREGS 1
#define S390_FPU 2
#define S390_PSW 3
#define S390_PREFIX 4
#define S390_VRS 5

#define S390_REGS_SIZE 128
#define S390_SREGS_SIZE 192
#define S390_FPU_SIZE 136
#define S390_PSW_SIZE 16
#define S390_PREFIX_SIZE 8
#define S390_VRS_SIZE 512

/* Where they are in struct kvm_run: psw_mask with psw_addr, s.regs.prefix, s.regs.vrs. */
#define S390_PSW_AT 32
#define S390_PREFIX_AT 320
#define S390_VRS_AT 712

/* KVM_SYNC_PREFIX, KVM_SYNC_VRS */
#define S390_SYNC_PREFIX 0x1
#define S390_SYNC_VRS 0x40

#define S390_PSWM KEY_BLOCK(S390_PSW, 8, 0x0)
#define S390_PSWA KEY_BLOCK(S390_PSW, 8, 0x8)
#define S390_PREFIX_REG KEY_BLOCK(S390_PREFIX, 8, 0x0)

/* KVM_EXIT_S390_SIEIC */
#define S390_REASON_SIEIC 13

/* kvm_run.s390_sieic: an instruction that KVM does not handle, in ipa (its first two bytes) and ipb (the others, at the top). */
struct s390_sieic {
	uint8_t icptcode;
	uint16_t ipa;
	uint32_t ipb;
};

/* struct kvm_debug_exit_arch, and its types: KVM_HW_BP, KVM_HW_WP_WRITE, KVM_SINGLESTEP */
#define S390_TYPE_BP 1
#define S390_TYPE_WP 2
#define S390_TYPE_STEP 4

struct s390_debug_exit {
	uint64_t addr;
	uint8_t type;
	uint8_t pad[7];
};

/* struct kvm_guest_debug_arch: no breakpoints in it, and so no pointer to any. */
#define S390_DEBUG_SIZE 16

#endif
