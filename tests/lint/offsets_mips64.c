/* SPDX-License-Identifier: BSD-2-Clause */
/* stub/arch/mips64.h against the kernel's headers for MIPS. For a mips64 compiler, -I stub; nothing is to be run. */
#include <stddef.h>

#include "offsets_exits.h"
#include "arch/mips64.h"

#define CP0(reg, sel) (KVM_REG_MIPS_CP0 | KVM_REG_SIZE_U32 | (8 * (reg) + (sel)))

SAME(MIPS_PC, KVM_REG_MIPS_PC);
SAME(MIPS_STATUS, CP0(12, 0));
SAME(MIPS_CAUSE, CP0(13, 0));
SAME(0, sizeof(struct kvm_guest_debug_arch));
