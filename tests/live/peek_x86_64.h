/* SPDX-License-Identifier: BSD-2-Clause */
/* Where peek.c finds the registers of an x86 vCPU. Included by it alone, behind struct field. */
#ifndef PEEK_X86_64_H
#define PEEK_X86_64_H

#include <cpuid.h>

#define REG(name) ONE(#name, KVM_GET_REGS, kvm_regs, name)
/* What 32-bit code calls the low half of it. */
#define HALF(name, member) ONE(name, KVM_GET_REGS, kvm_regs, member)
#define SREG(name, member) ONE(name, KVM_GET_SREGS, kvm_sregs, member)
#define SEGMENT(s) SREG(#s, s.selector), SREG(#s "_base", s.base), SREG(#s "_limit", s.limit)
/* SDM volume 3, table 11-1: the page of the local APIC, whose registers are 16 bytes apart */
#define APIC(name, at)                                          \
	{                                                       \
		"apic_" name, 0, -1, KVM_GET_LAPIC, at, 0, 4, 0 \
	}
#define APIC_BITS(name, at)                                     \
	{                                                       \
		"apic_" name, 0, 7, KVM_GET_LAPIC, at, 16, 4, 0 \
	}
#define EVENT(name, member) ONE(name, KVM_GET_VCPU_EVENTS, kvm_vcpu_events, member)
/* SDM volume 1, table 10-2 (the FXSAVE area), and 13.4.3 on: the components, in the standard format. */
#define LEGACY(name, at, width)                              \
	{                                                    \
		name, 0, -1, KVM_GET_XSAVE2, at, 0, width, 0 \
	}
#define XSAVE(name, first, last, component, at, stride, width)                        \
	{                                                                             \
		name, first, last, KVM_GET_XSAVE2, at, stride, width, (component) + 1 \
	}

static const struct field fields[] = {
	REG(rax),
	REG(rbx),
	REG(rcx),
	REG(rdx),
	REG(rsi),
	REG(rdi),
	REG(rbp),
	REG(rsp),
	REG(r8),
	REG(r9),
	REG(r10),
	REG(r11),
	REG(r12),
	REG(r13),
	REG(r14),
	REG(r15),
	REG(rip),
	HALF("eax", rax),
	HALF("ebx", rbx),
	HALF("ecx", rcx),
	HALF("edx", rdx),
	HALF("esi", rsi),
	HALF("edi", rdi),
	HALF("ebp", rbp),
	HALF("esp", rsp),
	HALF("eip", rip),
	ONE("eflags", KVM_GET_REGS, kvm_regs, rflags),
	SEGMENT(cs),
	SEGMENT(ss),
	SEGMENT(ds),
	SEGMENT(es),
	SEGMENT(fs),
	SEGMENT(gs),
	SEGMENT(tr),
	SEGMENT(ldt),
	SREG("cs_l", cs.l),
	SREG("cs_db", cs.db),
	SREG("ss_dpl", ss.dpl),
	SREG("gdt_base", gdt.base),
	SREG("gdt_limit", gdt.limit),
	SREG("idt_base", idt.base),
	SREG("idt_limit", idt.limit),
	SREG("cr0", cr0),
	SREG("cr2", cr2),
	SREG("cr3", cr3),
	SREG("cr4", cr4),
	SREG("cr8", cr8),
	SREG("efer", efer),
	SREG("apic_base", apic_base),
	MANY("dr", 4, KVM_GET_DEBUGREGS, kvm_debugregs, db),
	ONE("dr6", KVM_GET_DEBUGREGS, kvm_debugregs, dr6),
	ONE("dr7", KVM_GET_DEBUGREGS, kvm_debugregs, dr7),
	ONE("xcr0", KVM_GET_XCRS, kvm_xcrs, xcrs[0].value),
	LEGACY("fctrl", 0, 2),
	LEGACY("fstat", 2, 2),
	LEGACY("fop", 6, 2),
	LEGACY("fioff", 8, 4),
	LEGACY("fiseg", 12, 2),
	LEGACY("fooff", 16, 4),
	LEGACY("foseg", 20, 2),
	LEGACY("mxcsr", 24, 4),
	{ "st", 0, 7, KVM_GET_XSAVE2, 32, 16, 10, 0 },
	{ "xmm", 0, 15, KVM_GET_XSAVE2, 160, 16, 16, 0 },
	XSAVE("ymm%dh", 0, 15, 2, 0, 16, 16),
	XSAVE("k", 0, 7, 5, 0, 8, 8),
	XSAVE("zmm%dh", 0, 15, 6, 0, 32, 32),
	XSAVE("xmm", 16, 31, 7, 0, 64, 16),
	XSAVE("ymm%dh", 16, 31, 7, 16, 64, 16),
	XSAVE("zmm%dh", 16, 31, 7, 32, 64, 32),
	XSAVE("pkru", 0, -1, 9, 0, 0, 4),
	APIC("id", 0x20),
	APIC("version", 0x30),
	APIC("tpr", 0x80),
	APIC("apr", 0x90),
	APIC("ppr", 0xa0),
	APIC("ldr", 0xd0),
	APIC("dfr", 0xe0),
	APIC("svr", 0xf0),
	APIC_BITS("isr", 0x100),
	APIC_BITS("tmr", 0x180),
	APIC_BITS("irr", 0x200),
	APIC("esr", 0x280),
	APIC("lvtcmci", 0x2f0),
	APIC("icr", 0x300),
	APIC("icr2", 0x310),
	APIC("lvtt", 0x320),
	APIC("lvtthmr", 0x330),
	APIC("lvtpc", 0x340),
	APIC("lvt0", 0x350),
	APIC("lvt1", 0x360),
	APIC("lvterr", 0x370),
	APIC("tmict", 0x380),
	APIC("tmcct", 0x390),
	APIC("tdcr", 0x3e0),
	EVENT("exception_injected", exception.injected),
	EVENT("exception_nr", exception.nr),
	EVENT("exception_has_error_code", exception.has_error_code),
	EVENT("exception_pending", exception.pending),
	EVENT("exception_error_code", exception.error_code),
	EVENT("exception_has_payload", exception_has_payload),
	EVENT("exception_payload", exception_payload),
	EVENT("interrupt_injected", interrupt.injected),
	EVENT("interrupt_nr", interrupt.nr),
	EVENT("interrupt_soft", interrupt.soft),
	EVENT("interrupt_shadow", interrupt.shadow),
	EVENT("nmi_injected", nmi.injected),
	EVENT("nmi_pending", nmi.pending),
	EVENT("nmi_masked", nmi.masked),
	EVENT("sipi_vector", sipi_vector),
	EVENT("smi_smm", smi.smm),
	EVENT("smi_pending", smi.pending),
	EVENT("smi_smm_inside_nmi", smi.smm_inside_nmi),
	EVENT("smi_latched_init", smi.latched_init),
	EVENT("triple_fault_pending", triple_fault.pending),
};

/* CPUID leaf 0DH, sub-leaf n, EBX: as the processor says it, not as KVM told the guest. */
static size_t component_at(int n)
{
	unsigned a, b = 0, c, d;

	__cpuid_count(0xd, n, a, b, c, d);
	return b;
}

#endif
