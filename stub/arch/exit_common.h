/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What KVM_RUN comes back with on every architecture: the exits that name a fault of the guest, as the kernel lays them out
 * (<linux/kvm.h>, struct kvm_run). tests/lint/offsets_*.c compares this with the kernel's own header.
 */
#ifndef ARCH_EXIT_COMMON_H
#define ARCH_EXIT_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../host/host.h"

/* The KVM_EXIT_* that are told apart here. */
enum {
	REASON_DEBUG = 4,
	REASON_SHUTDOWN = 8,
	REASON_FAIL_ENTRY = 9,
	REASON_INTERNAL_ERROR = 17,
	REASON_ARM_NISV = 28
};

/* KVM_INTERNAL_ERROR_EMULATION */
#define SUBERROR_EMULATION 1

/* KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES */
#define EMULATION_HAS_INSN 0x1

/* kvm_run.fail_entry */
struct exit_fail_entry {
	uint64_t hardware_reason;
	uint32_t cpu;
};

/* kvm_run.emulation_failure, whose first two members kvm_run.internal shares. ndata counts the u64s behind itself. */
struct exit_internal {
	uint32_t suberror;
	uint32_t ndata;
	uint64_t flags;
	uint8_t insn_size;
	uint8_t insn_bytes[15];
};

/* kvm_run.internal: any other internal error. */
struct exit_words {
	uint32_t suberror;
	uint32_t ndata;
	uint64_t data[16];
};

/* kvm_run.arm_nisv */
struct exit_nisv {
	uint64_t iss, ipa;
};

/* The head of the union as one of the structs above. */
#define exit_data(exit, to)                                                               \
	do {                                                                              \
		_Static_assert(sizeof(*(to)) <= EXIT_DATA_SIZE, "larger than the union"); \
		memcpy((to), (exit)->data, sizeof(*(to)));                                \
	} while (0)

/* "KVM_EXIT_HYPERCALL"; NULL for a number that is not known. */
const char *exit_name(uint32_t reason);

/* Did KVM's instruction emulator give up? */
bool exit_is_emulation_failure(const struct vcpu_exit *exit);

/* A sentence on an exit that means the same everywhere. */
void exit_describe(const struct vcpu_exit *exit, char *text, size_t size);

#endif
