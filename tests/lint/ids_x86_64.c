/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every source of xml/x86_64*.xml against <asm/kvm.h>: compiled, never run, with an x86 compiler's headers. IDS is the output of
 * `awk -v check=1 -f xml/parse.awk -f xml/check.awk -f xml/table.awk xml/x86_64.xml`.
 */
#include <linux/kvm.h>
#include <stddef.h>

/* Fields of the struct ioctls: one assertion each. */
#include IDS

/* KVM_X86_REG_MSR() is in the header since Linux 6.18 only, and no constant expression: its layout is spelt out. */
#define KVM_REG_SIZE_64 0x0030000000000000ull
#define MSR_TYPE (2ull << 32)
#define GUEST_SSP (KVM_REG_X86 | KVM_REG_SIZE_64 | 3ull << 32) /* KVM_X86_REG_KVM(KVM_REG_GUEST_SSP) */
#define IS_MSR(id) (((id) & ~0xffffffffull) == (KVM_REG_X86 | KVM_REG_SIZE_64 | MSR_TYPE))
#define CHECK_ID(name, id) _Static_assert(IS_MSR(id) || (id) == GUEST_SSP, #name);
#include IDS
