/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of KVM's exits, and sentences on those that mean the same on every architecture. See exit_common.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "exit_common.h"

/* <linux/kvm.h>, KVM_EXIT_* */
static const char *const names[] = {
	[0] = "KVM_EXIT_UNKNOWN",
	[1] = "KVM_EXIT_EXCEPTION",
	[2] = "KVM_EXIT_IO",
	[3] = "KVM_EXIT_HYPERCALL",
	[REASON_DEBUG] = "KVM_EXIT_DEBUG",
	[5] = "KVM_EXIT_HLT",
	[6] = "KVM_EXIT_MMIO",
	[7] = "KVM_EXIT_IRQ_WINDOW_OPEN",
	[REASON_SHUTDOWN] = "KVM_EXIT_SHUTDOWN",
	[REASON_FAIL_ENTRY] = "KVM_EXIT_FAIL_ENTRY",
	[10] = "KVM_EXIT_INTR",
	[11] = "KVM_EXIT_SET_TPR",
	[12] = "KVM_EXIT_TPR_ACCESS",
	[13] = "KVM_EXIT_S390_SIEIC",
	[14] = "KVM_EXIT_S390_RESET",
	[15] = "KVM_EXIT_DCR",
	[16] = "KVM_EXIT_NMI",
	[REASON_INTERNAL_ERROR] = "KVM_EXIT_INTERNAL_ERROR",
	[18] = "KVM_EXIT_OSI",
	[19] = "KVM_EXIT_PAPR_HCALL",
	[20] = "KVM_EXIT_S390_UCONTROL",
	[21] = "KVM_EXIT_WATCHDOG",
	[22] = "KVM_EXIT_S390_TSCH",
	[23] = "KVM_EXIT_EPR",
	[24] = "KVM_EXIT_SYSTEM_EVENT",
	[25] = "KVM_EXIT_S390_STSI",
	[26] = "KVM_EXIT_IOAPIC_EOI",
	[27] = "KVM_EXIT_HYPERV",
	[REASON_ARM_NISV] = "KVM_EXIT_ARM_NISV",
	[29] = "KVM_EXIT_X86_RDMSR",
	[30] = "KVM_EXIT_X86_WRMSR",
	[31] = "KVM_EXIT_DIRTY_RING_FULL",
	[32] = "KVM_EXIT_AP_RESET_HOLD",
	[33] = "KVM_EXIT_X86_BUS_LOCK",
	[34] = "KVM_EXIT_XEN",
	[35] = "KVM_EXIT_RISCV_SBI",
	[36] = "KVM_EXIT_RISCV_CSR",
	[37] = "KVM_EXIT_NOTIFY",
	[38] = "KVM_EXIT_LOONGARCH_IOCSR",
	[39] = "KVM_EXIT_MEMORY_FAULT",
	[40] = "KVM_EXIT_TDX",
	[41] = "KVM_EXIT_ARM_SEA",
	[42] = "KVM_EXIT_ARM_LDST64B",
	[43] = "KVM_EXIT_SNP_REQ_CERTS",
};

const char *exit_name(uint32_t reason)
{
	return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : NULL;
}

bool exit_is_emulation_failure(const struct vcpu_exit *exit)
{
	struct exit_internal e;

	exit_data(exit, &e);
	return exit->reason == REASON_INTERNAL_ERROR && e.suberror == SUBERROR_EMULATION;
}

/* How many instruction bytes KVM tells: flags and the two words behind flags are there only when ndata counts them. */
static unsigned insn_bytes(const struct exit_internal *e)
{
	if (e->ndata < 3 || !(e->flags & EMULATION_HAS_INSN))
		return 0;
	return e->insn_size < sizeof(e->insn_bytes) ? e->insn_size : sizeof(e->insn_bytes);
}

static void describe_emulation(const struct exit_internal *e, char *text, size_t size)
{
	char hex[3 * sizeof(e->insn_bytes) + 1] = "";
	unsigned n = insn_bytes(e);

	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 3 * i, sizeof(hex) - 3 * i, " %02x", e->insn_bytes[i]);
	snprintf(text, size, "KVM could not emulate the guest's instruction%s%s", n ? ", which begins with" : "", hex);
}

/* What the words mean differs with the kernel: whoever looks the meaning up wants all words that fit. */
static void tell_words(const struct exit_words *e, char *text, size_t size)
{
	size_t words = sizeof(e->data) / sizeof(e->data[0]), n = strlen(text);

	for (unsigned i = 0; i < e->ndata && i < words && n < size; i++)
		n += snprintf(text + n, size - n, "%s 0x%" PRIx64, i ? "" : ", data", e->data[i]);
}

/* <linux/kvm.h>, KVM_INTERNAL_ERROR_* */
static const char *const suberrors[] = {
	[2] = ": an exception while another was delivered",
	[3] = ": an exit while an event was delivered",
	[4] = ": an exit of the processor's that KVM does not know",
};

static void describe_internal(const struct vcpu_exit *exit, char *text, size_t size)
{
	struct exit_internal e;
	struct exit_words words;
	const char *what = NULL;

	exit_data(exit, &e);
	exit_data(exit, &words);
	if (e.suberror == SUBERROR_EMULATION) {
		describe_emulation(&e, text, size);
		return;
	}
	if (e.suberror < sizeof(suberrors) / sizeof(suberrors[0]))
		what = suberrors[e.suberror];
	snprintf(text, size, "KVM had an internal error, suberror %" PRIu32 "%s", e.suberror, what ? what : "");
	tell_words(&words, text, size);
}

static void describe_fail_entry(const struct vcpu_exit *exit, char *text, size_t size)
{
	struct exit_fail_entry e;

	exit_data(exit, &e);
	snprintf(text, size, "processor %" PRIu32 " refused to enter the guest, hardware reason 0x%" PRIx64, e.cpu,
		e.hardware_reason);
}

void exit_describe(const struct vcpu_exit *exit, char *text, size_t size)
{
	const char *name = exit_name(exit->reason);

	if (exit->reason == REASON_INTERNAL_ERROR)
		describe_internal(exit, text, size);
	else if (exit->reason == REASON_FAIL_ENTRY)
		describe_fail_entry(exit, text, size);
	else
		snprintf(text, size, "the guest stopped with %s (%" PRIu32 ")",
			name ? name : "an exit of KVM's that is not known here", exit->reason);
}
