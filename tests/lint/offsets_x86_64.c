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
SAME(0xa4, _IOC_NR(KVM_GET_XSAVE));
SAME(0xa5, _IOC_NR(KVM_SET_XSAVE));
SAME(0xcf, _IOC_NR(KVM_GET_XSAVE2));
SAME(208, KVM_CAP_XSAVE2);
SAME(0xa1, _IOC_NR(KVM_GET_DEBUGREGS));
SAME(0xa2, _IOC_NR(KVM_SET_DEBUGREGS));
SAME(0xa6, _IOC_NR(KVM_GET_XCRS));
SAME(0xa7, _IOC_NR(KVM_SET_XCRS));
SAME(0x91, _IOC_NR(KVM_GET_CPUID2));
SAME(0x8e, _IOC_NR(KVM_GET_LAPIC));
SAME(0x8f, _IOC_NR(KVM_SET_LAPIC));
SAME(0x9f, _IOC_NR(KVM_GET_VCPU_EVENTS));
SAME(0xa0, _IOC_NR(KVM_SET_VCPU_EVENTS));
SAME(0x02, _IOC_NR(KVM_GET_MSR_INDEX_LIST));

SAME(X86_REGS_SIZE, sizeof(struct kvm_regs));
SAME(X86_SREGS_SIZE, sizeof(struct kvm_sregs));
SAME(X86_REGS_AT, offsetof(struct kvm_run, s.regs.regs));
SAME(X86_SREGS_AT, offsetof(struct kvm_run, s.regs.sregs));
SAME(X86_SYNC_REGS, KVM_SYNC_X86_REGS);
SAME(X86_SYNC_SREGS, KVM_SYNC_X86_SREGS);
SAME(X86_XSAVE_SIZE, sizeof(struct kvm_xsave));
SAME(X86_DEBUGREGS_SIZE, sizeof(struct kvm_debugregs));
SAME(X86_XCRS_SIZE, sizeof(struct kvm_xcrs));
SAME(X86_LAPIC_SIZE, sizeof(struct kvm_lapic_state));
SAME(X86_EVENTS_SIZE, sizeof(struct kvm_vcpu_events));
SAME(X86_CPUID_HEAD, sizeof(struct kvm_cpuid2));
SAME(X86_CPUID_ENTRY, sizeof(struct kvm_cpuid_entry2));
SAME(0, offsetof(struct kvm_cpuid_entry2, function));
SAME(4, offsetof(struct kvm_cpuid_entry2, index));
SAME(12, offsetof(struct kvm_cpuid_entry2, eax));
SAME(16, offsetof(struct kvm_cpuid_entry2, ebx));

SAME_FIELD(X86_RBX, X86_REGS, struct kvm_regs, rbx);
SAME_FIELD(X86_RCX, X86_REGS, struct kvm_regs, rcx);
SAME_FIELD(X86_RSP, X86_REGS, struct kvm_regs, rsp);
SAME_FIELD(X86_R11, X86_REGS, struct kvm_regs, r11);
SAME_FIELD(X86_RFLAGS, X86_REGS, struct kvm_regs, rflags);
SAME_FIELD(X86_RIP, X86_REGS, struct kvm_regs, rip);
SAME_FIELD(X86_CS_BASE, X86_SREGS, struct kvm_sregs, cs.base);
SAME_FIELD(X86_SS_BASE, X86_SREGS, struct kvm_sregs, ss.base);
SAME_FIELD(X86_SS_DPL, X86_SREGS, struct kvm_sregs, ss.dpl);
SAME_FIELD(X86_TR_BASE, X86_SREGS, struct kvm_sregs, tr.base);
SAME_FIELD(X86_LDT_BASE, X86_SREGS, struct kvm_sregs, ldt.base);
SAME_FIELD(X86_LDT_LIMIT, X86_SREGS, struct kvm_sregs, ldt.limit);
SAME_FIELD(X86_GDT_BASE, X86_SREGS, struct kvm_sregs, gdt.base);
SAME_FIELD(X86_GDT_LIMIT, X86_SREGS, struct kvm_sregs, gdt.limit);
SAME_FIELD(X86_IDT_BASE, X86_SREGS, struct kvm_sregs, idt.base);
SAME_FIELD(X86_IDT_LIMIT, X86_SREGS, struct kvm_sregs, idt.limit);
SAME_FIELD(X86_CR0, X86_SREGS, struct kvm_sregs, cr0);
SAME_FIELD(X86_CR3, X86_SREGS, struct kvm_sregs, cr3);
SAME_FIELD(X86_CR4, X86_SREGS, struct kvm_sregs, cr4);
SAME_FIELD(X86_EFER, X86_SREGS, struct kvm_sregs, efer);

SAME_FIELD(X86_DR(0), X86_DEBUGREGS, struct kvm_debugregs, db[0]);
SAME_FIELD(X86_DR(3), X86_DEBUGREGS, struct kvm_debugregs, db[3]);
SAME_FIELD(X86_DR6, X86_DEBUGREGS, struct kvm_debugregs, dr6);
SAME_FIELD(X86_DR7, X86_DEBUGREGS, struct kvm_debugregs, dr7);
SAME(X86_DEBUG_INJECT_DB, KVM_GUESTDBG_INJECT_DB);
SAME(X86_DEBUG_INJECT_BP, KVM_GUESTDBG_INJECT_BP);

SAME(X86_DEBUG_BLOCKIRQ, KVM_GUESTDBG_BLOCKIRQ);
SAME(X86_DEBUG_USE_HW_BP, KVM_GUESTDBG_USE_HW_BP);
SAME(sizeof(struct x86_debug), sizeof(struct kvm_guest_debug_arch));
SAME(offsetof(struct x86_debug, debugreg), offsetof(struct kvm_guest_debug_arch, debugreg));

SAME_PLACE(struct x86_debug_exit, exception, debug.arch.exception);
SAME_PLACE(struct x86_debug_exit, pc, debug.arch.pc);
SAME_PLACE(struct x86_debug_exit, dr6, debug.arch.dr6);
SAME_PLACE(struct x86_debug_exit, dr7, debug.arch.dr7);
