/* SPDX-License-Identifier: BSD-2-Clause */
/* stub/arch/s390x.h against the kernel's headers for s390. For an s390x compiler, -I stub; nothing is to be run. */
#include <stddef.h>

#include "offsets_exits.h"
#include "arch/s390x.h"

SAME(0x81, _IOC_NR(KVM_GET_REGS));
SAME(0x82, _IOC_NR(KVM_SET_REGS));
SAME(0x83, _IOC_NR(KVM_GET_SREGS));
SAME(0x84, _IOC_NR(KVM_SET_SREGS));
SAME(0x8c, _IOC_NR(KVM_GET_FPU));
SAME(0x8d, _IOC_NR(KVM_SET_FPU));

SAME(S390_REGS_SIZE, sizeof(struct kvm_regs));
SAME(S390_SREGS_SIZE, sizeof(struct kvm_sregs));
SAME(S390_FPU_SIZE, sizeof(struct kvm_fpu));

/* Parts of struct kvm_run. */
SAME(S390_PSW_AT, offsetof(struct kvm_run, psw_mask));
SAME(S390_PSW_AT + KEY_OFFSET(S390_PSWA), offsetof(struct kvm_run, psw_addr));
SAME(S390_PSW_SIZE, SIZE_OF(psw_mask) + SIZE_OF(psw_addr));
SAME(S390_PREFIX_AT, offsetof(struct kvm_run, s.regs.prefix));
SAME(S390_PREFIX_SIZE, SIZE_OF(s.regs.prefix));
SAME(S390_SYNC_PREFIX, KVM_SYNC_PREFIX);
SAME(S390_VRS_AT, offsetof(struct kvm_run, s.regs.vrs));
SAME(S390_VRS_SIZE, SIZE_OF(s.regs.vrs));
SAME(S390_SYNC_VRS, KVM_SYNC_VRS);

SAME(S390_REASON_SIEIC, KVM_EXIT_S390_SIEIC);
SAME_PLACE(struct s390_sieic, icptcode, s390_sieic.icptcode);
SAME_PLACE(struct s390_sieic, ipa, s390_sieic.ipa);
SAME_PLACE(struct s390_sieic, ipb, s390_sieic.ipb);

SAME(S390_TYPE_BP, KVM_HW_BP);
SAME(S390_TYPE_WP, KVM_HW_WP_WRITE);
SAME(S390_TYPE_STEP, KVM_SINGLESTEP);
SAME_PLACE(struct s390_debug_exit, addr, debug.arch.addr);
SAME_PLACE(struct s390_debug_exit, type, debug.arch.type);

SAME(S390_DEBUG_SIZE, sizeof(struct kvm_guest_debug_arch));

/* Why encode_debug() leaves the bit of planted opcodes away. */
SAME(DEBUG_USE_SW_BP, KVM_GUESTDBG_USE_HW_BP);

SAME(6, KVM_MP_STATE_CHECK_STOP);
SAME(7, KVM_MP_STATE_OPERATING);
SAME(8, KVM_MP_STATE_LOAD);
