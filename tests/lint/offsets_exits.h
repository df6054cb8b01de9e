/* SPDX-License-Identifier: BSD-2-Clause */
/* What offsets_*.c share: stub/arch/exit_common.h and debug_common.h against <linux/kvm.h>. */
#ifndef OFFSETS_EXITS_H
#define OFFSETS_EXITS_H

#include <linux/kvm.h>

#include "arch/debug_common.h"
#include "arch/exit_common.h"

#define SAME(ours, kernels) _Static_assert((ours) == (kernels), #ours " is not " #kernels)

/* Where a member is in the union, whose first member is hw. */
#define IN_UNION(member) (offsetof(struct kvm_run, member) - offsetof(struct kvm_run, hw))
#define SIZE_OF(member) sizeof(((struct kvm_run *)0)->member)

/* A member of ours is where the kernel's is, and as large. */
#define SAME_PLACE(type, ours, member)                \
	SAME(offsetof(type, ours), IN_UNION(member)); \
	SAME(sizeof(((type *)0)->ours), SIZE_OF(member))

SAME(EXIT_DATA_SIZE, SIZE_OF(padding));
SAME(offsetof(struct kvm_run, hw), offsetof(struct kvm_run, padding));

SAME(REASON_DEBUG, KVM_EXIT_DEBUG);
SAME(REASON_SHUTDOWN, KVM_EXIT_SHUTDOWN);
SAME(REASON_FAIL_ENTRY, KVM_EXIT_FAIL_ENTRY);
SAME(REASON_INTERNAL_ERROR, KVM_EXIT_INTERNAL_ERROR);
SAME(REASON_ARM_NISV, KVM_EXIT_ARM_NISV);

SAME(DEBUG_ENABLE, KVM_GUESTDBG_ENABLE);
SAME(DEBUG_SINGLESTEP, KVM_GUESTDBG_SINGLESTEP);
#ifdef KVM_GUESTDBG_USE_SW_BP /* not on s390, MIPS and riscv */
SAME(DEBUG_USE_SW_BP, KVM_GUESTDBG_USE_SW_BP);
#endif

SAME(SUBERROR_EMULATION, KVM_INTERNAL_ERROR_EMULATION);
SAME(EMULATION_HAS_INSN, KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES);

SAME_PLACE(struct exit_fail_entry, hardware_reason, fail_entry.hardware_entry_failure_reason);
SAME_PLACE(struct exit_fail_entry, cpu, fail_entry.cpu);
SAME_PLACE(struct exit_internal, suberror, internal.suberror);
SAME_PLACE(struct exit_internal, suberror, emulation_failure.suberror);
SAME_PLACE(struct exit_internal, ndata, emulation_failure.ndata);
SAME_PLACE(struct exit_internal, flags, emulation_failure.flags);
SAME_PLACE(struct exit_internal, insn_size, emulation_failure.insn_size);
SAME_PLACE(struct exit_words, suberror, internal.suberror);
SAME_PLACE(struct exit_words, ndata, internal.ndata);
SAME_PLACE(struct exit_words, data, internal.data);
SAME_PLACE(struct exit_nisv, iss, arm_nisv.esr_iss);
SAME_PLACE(struct exit_nisv, ipa, arm_nisv.fault_ipa);
SAME_PLACE(struct exit_internal, insn_bytes, emulation_failure.insn_bytes);

/* What mp_state() names; the numbers in its tables are these. */
SAME(0, KVM_MP_STATE_RUNNABLE);
SAME(1, KVM_MP_STATE_UNINITIALIZED);
SAME(2, KVM_MP_STATE_INIT_RECEIVED);
SAME(3, KVM_MP_STATE_HALTED);
SAME(4, KVM_MP_STATE_SIPI_RECEIVED);
SAME(5, KVM_MP_STATE_STOPPED);
SAME(9, KVM_MP_STATE_AP_RESET_HOLD);
SAME(10, KVM_MP_STATE_SUSPENDED);

#endif
