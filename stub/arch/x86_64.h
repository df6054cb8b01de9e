/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64 as KVM has it: the struct ioctls and the fields of them that arch/ itself uses, the debug request and the debug exit.
 * Constants are from arch/x86/include/uapi/asm/kvm.h and, for fields of registers, from Intel's Software Developer's Manual;
 * tests/lint/offsets_x86_64.c compares the former with the kernel's header.
 */
#ifndef ARCH_X86_64_H
#define ARCH_X86_64_H

#include <stdint.h>

#include "arch.h"

/* The blocks, in the order of arch->blocks: struct kvm_regs, kvm_sregs, kvm_fpu. */
#define X86_REGS 0
#define X86_SREGS 1
#define X86_FPU 2

#define X86_REGS_SIZE 144
#define X86_SREGS_SIZE 312
#define X86_FPU_SIZE 416

#define X86_RBX KEY_BLOCK(X86_REGS, 8, 0x08)
#define X86_RIP KEY_BLOCK(X86_REGS, 8, 0x80)
#define X86_CR0 KEY_BLOCK(X86_SREGS, 8, 0xe0)
#define X86_CR3 KEY_BLOCK(X86_SREGS, 8, 0xf0)
#define X86_CR4 KEY_BLOCK(X86_SREGS, 8, 0xf8)
#define X86_EFER KEY_BLOCK(X86_SREGS, 8, 0x108)

/* st(i): the mantissa, and sign and exponent. */
#define X86_ST_MANTISSA(i) KEY_BLOCK(X86_FPU, 8, 16 * (i))
#define X86_ST_EXPONENT(i) KEY_BLOCK(X86_FPU, 2, 16 * (i) + 8)
#define X86_FSW KEY_BLOCK(X86_FPU, 2, 0x82)
#define X86_FTWX KEY_BLOCK(X86_FPU, 1, 0x84)

/* KVM_GUESTDBG_USE_HW_BP */
#define X86_DEBUG_USE_HW_BP 0x20000

/* struct kvm_guest_debug_arch */
struct x86_debug {
	uint64_t debugreg[8];
};

/* struct kvm_debug_exit_arch */
struct x86_debug_exit {
	uint32_t exception;
	uint32_t pad;
	uint64_t pc; /* linear */
	uint64_t dr6;
	uint64_t dr7;
};

/* x86_64_mmu.c: struct arch's translate() */
int x86_64_translate(struct view *v, uint64_t va, struct arch_page *page);

#endif
