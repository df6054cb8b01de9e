/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of exits, against those in the kernel's header. */
#include <linux/kvm.h>

#include "arch/exit_common.h"
#include "tap.h"

#define NAME(reason)            \
	{                       \
		reason, #reason \
	}

static const struct {
	uint32_t reason;
	const char *name;
} kernels[] = {
	NAME(KVM_EXIT_UNKNOWN),
	NAME(KVM_EXIT_EXCEPTION),
	NAME(KVM_EXIT_IO),
	NAME(KVM_EXIT_HYPERCALL),
	NAME(KVM_EXIT_DEBUG),
	NAME(KVM_EXIT_HLT),
	NAME(KVM_EXIT_MMIO),
	NAME(KVM_EXIT_IRQ_WINDOW_OPEN),
	NAME(KVM_EXIT_SHUTDOWN),
	NAME(KVM_EXIT_FAIL_ENTRY),
	NAME(KVM_EXIT_INTR),
	NAME(KVM_EXIT_SET_TPR),
	NAME(KVM_EXIT_TPR_ACCESS),
	NAME(KVM_EXIT_S390_SIEIC),
	NAME(KVM_EXIT_S390_RESET),
	NAME(KVM_EXIT_DCR),
	NAME(KVM_EXIT_NMI),
	NAME(KVM_EXIT_INTERNAL_ERROR),
	NAME(KVM_EXIT_OSI),
	NAME(KVM_EXIT_PAPR_HCALL),
	NAME(KVM_EXIT_S390_UCONTROL),
	NAME(KVM_EXIT_WATCHDOG),
	NAME(KVM_EXIT_S390_TSCH),
	NAME(KVM_EXIT_EPR),
	NAME(KVM_EXIT_SYSTEM_EVENT),
	NAME(KVM_EXIT_S390_STSI),
	NAME(KVM_EXIT_IOAPIC_EOI),
	NAME(KVM_EXIT_HYPERV),
	NAME(KVM_EXIT_ARM_NISV),
	NAME(KVM_EXIT_X86_RDMSR),
	NAME(KVM_EXIT_X86_WRMSR),
	NAME(KVM_EXIT_DIRTY_RING_FULL),
	NAME(KVM_EXIT_AP_RESET_HOLD),
	NAME(KVM_EXIT_X86_BUS_LOCK),
	NAME(KVM_EXIT_XEN),
	NAME(KVM_EXIT_RISCV_SBI),
	NAME(KVM_EXIT_RISCV_CSR),
	NAME(KVM_EXIT_NOTIFY),
/* Younger than the oldest header that this is built with. */
#ifdef KVM_EXIT_LOONGARCH_IOCSR
	NAME(KVM_EXIT_LOONGARCH_IOCSR),
#endif
#ifdef KVM_EXIT_MEMORY_FAULT
	NAME(KVM_EXIT_MEMORY_FAULT),
#endif
#ifdef KVM_EXIT_TDX
	NAME(KVM_EXIT_TDX),
#endif
#ifdef KVM_EXIT_ARM_SEA
	NAME(KVM_EXIT_ARM_SEA),
#endif
#ifdef KVM_EXIT_ARM_LDST64B
	NAME(KVM_EXIT_ARM_LDST64B),
#endif
#ifdef KVM_EXIT_SNP_REQ_CERTS
	NAME(KVM_EXIT_SNP_REQ_CERTS),
#endif
};

int main(void)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		const char *name = exit_name(kernels[i].reason);

		is_str(name ? name : "none", kernels[i].name, kernels[i].name);
	}
	ok(!exit_name(44) && !exit_name(UINT32_MAX), "no other number has a name");
	return done();
}
