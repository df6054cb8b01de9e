/* SPDX-License-Identifier: BSD-2-Clause */
/* stub/arch/ppc64.h against the kernel's headers for powerpc. For a powerpc64le compiler, -I stub; nothing is to be run. */
#include <stddef.h>

#include "offsets_exits.h"
#include "arch/ppc64.h"

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

SAME(PPC_REGS_SIZE, sizeof(struct kvm_regs));
SAME(PPC_SREGS_SIZE, sizeof(struct kvm_sregs));

SAME(PPC_MMU_SIZE, sizeof(struct kvm_ppc_mmuv3_cfg));

SAME_FIELD(PPC_PC, PPC_REGS, struct kvm_regs, pc);
SAME_FIELD(PPC_CTR, PPC_REGS, struct kvm_regs, ctr);
SAME_FIELD(PPC_LR, PPC_REGS, struct kvm_regs, lr);
SAME_FIELD(PPC_MSR, PPC_REGS, struct kvm_regs, msr);
SAME_FIELD(PPC_SRR0, PPC_REGS, struct kvm_regs, srr0);
SAME_FIELD(PPC_SRR1, PPC_REGS, struct kvm_regs, srr1);
SAME_FIELD(PPC_GPR(0), PPC_REGS, struct kvm_regs, gpr[0]);
SAME_FIELD(PPC_GPR(31), PPC_REGS, struct kvm_regs, gpr[31]);

SAME_FIELD(PPC_PROCESS_TABLE, PPC_MMU, struct kvm_ppc_mmuv3_cfg, process_table);

SAME(PPC_PID, KVM_REG_PPC_PID);
SAME(PPC_TAR, KVM_REG_PPC_TAR);
SAME(PPC_LPCR, KVM_REG_PPC_LPCR_64);

SAME(PPC_DEBUG_SIZE, sizeof(struct kvm_guest_debug_arch));

SAME_PLACE(struct ppc64_debug_exit, address, debug.arch.address);
SAME_PLACE(struct ppc64_debug_exit, status, debug.arch.status);
