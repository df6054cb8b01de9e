/* SPDX-License-Identifier: BSD-2-Clause */
/* stub/arch/x86_64.h against the kernel's headers for x86-64. For an x86-64 compiler, -I stub; nothing is to be run. */
#include <stddef.h>

#include "offsets_exits.h"
#include "arch/x86_64.h"

/* A key of ours is this member of the kernel's struct. */
#define SAME_FIELD(key, block, type, member)           \
	SAME(KEY_BLOCK_NR(key), block);                \
	SAME(KEY_OFFSET(key), offsetof(type, member)); \
	SAME(KEY_SIZE(key), sizeof(((type *)0)->member))

/* The numbers in the table of blocks. */
SAME(0x81, _IOC_NR(KVM_GET_REGS));
SAME(0x82, _IOC_NR(KVM_SET_REGS));
SAME(0x83, _IOC_NR(KVM_GET_SREGS));
SAME(0x84, _IOC_NR(KVM_SET_SREGS));
SAME(0x8c, _IOC_NR(KVM_GET_FPU));
SAME(0x8d, _IOC_NR(KVM_SET_FPU));

SAME(X86_REGS_SIZE, sizeof(struct kvm_regs));
SAME(X86_SREGS_SIZE, sizeof(struct kvm_sregs));
SAME(X86_FPU_SIZE, sizeof(struct kvm_fpu));

SAME_FIELD(X86_RBX, X86_REGS, struct kvm_regs, rbx);
SAME_FIELD(X86_RIP, X86_REGS, struct kvm_regs, rip);
SAME_FIELD(X86_CR0, X86_SREGS, struct kvm_sregs, cr0);
SAME_FIELD(X86_CR3, X86_SREGS, struct kvm_sregs, cr3);
SAME_FIELD(X86_CR4, X86_SREGS, struct kvm_sregs, cr4);
SAME_FIELD(X86_EFER, X86_SREGS, struct kvm_sregs, efer);
SAME_FIELD(X86_FSW, X86_FPU, struct kvm_fpu, fsw);
SAME_FIELD(X86_FTWX, X86_FPU, struct kvm_fpu, ftwx);
SAME(KEY_OFFSET(X86_ST_MANTISSA(7)), offsetof(struct kvm_fpu, fpr[7]));
SAME(KEY_OFFSET(X86_ST_EXPONENT(7)), offsetof(struct kvm_fpu, fpr[7][8]));

SAME(X86_DEBUG_USE_HW_BP, KVM_GUESTDBG_USE_HW_BP);
SAME(sizeof(struct x86_debug), sizeof(struct kvm_guest_debug_arch));
SAME(offsetof(struct x86_debug, debugreg), offsetof(struct kvm_guest_debug_arch, debugreg));

SAME_PLACE(struct x86_debug_exit, exception, debug.arch.exception);
SAME_PLACE(struct x86_debug_exit, pc, debug.arch.pc);
SAME_PLACE(struct x86_debug_exit, dr6, debug.arch.dr6);
SAME_PLACE(struct x86_debug_exit, dr7, debug.arch.dr7);
