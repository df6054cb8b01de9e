/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mips64 as KVM has it: the ids of the registers that arch/ itself uses, from arch/mips/include/uapi/asm/kvm.h;
 * tests/lint/offsets_mips64.c compares them with the kernel's header.
 */
#ifndef ARCH_MIPS64_H
#define ARCH_MIPS64_H

#include "arch.h"

/* KVM_REG_MIPS_PC */
#define MIPS_PC 0x7030000000000022ull

/* KVM_REG_MIPS_CP0 with 32 bits: 8 * register + select. */
#define MIPS_CP0_32(reg, sel) (0x7020000000010000ull | (8 * (reg) + (sel)))
#define MIPS_STATUS MIPS_CP0_32(12, 0)
#define MIPS_CAUSE MIPS_CP0_32(13, 0)

#endif
