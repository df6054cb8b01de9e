/* SPDX-License-Identifier: BSD-2-Clause */
/* Code for a VM on this host's KVM, and where it has come to. */
#ifndef GUEST_CODE_H
#define GUEST_CODE_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host.h"

/*
 * What each architecture has of its own: a jump to itself; a load from where no machine of ours has anything, and such a jump;
 * an 'A' to the console, and the end of the machine; and what reads from there for ever, and adds up what it reads.
 */
#if defined(__x86_64__)
static const uint8_t spin[] = { 0xeb, 0xfe };
static const uint8_t load[] = { 0x8b, 0x04, 0x25, 0x00, 0x00, 0x00, 0x70, 0xeb, 0xfe }; /* mov 0x70000000, %eax */
static const unsigned load_end = 7;
static const char load_text[] = "read of 4 bytes at 0x70000000, where this machine has nothing (pc 0x100000)";
/* mov $0x3f8, %edx; mov $'A', %al; out %al, %dx; out %al, $0xf4 */
static const uint8_t print[] = { 0xba, 0xf8, 0x03, 0x00, 0x00, 0xb0, 'A', 0xee, 0xe6, 0xf4 };
static const unsigned print_end = 8;
static const int end_code = 'A';

static inline uint64_t pc(struct host *h)
{
	struct kvm_regs r = { 0 };
	struct host_call call = { .request = KVM_GET_REGS, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : r.rip;
}

/* mov $0x70000000, %ecx; xor %ebx, %ebx; 1: mov (%rcx), %eax; add %rax, %rbx; jmp 1b */
static const uint8_t reads[] = { 0xb9, 0x00, 0x00, 0x00, 0x70, 0x31, 0xdb, 0x8b, 0x01, 0x48, 0x01, 0xc3, 0xeb, 0xf9 };

static inline uint64_t sum(struct host *h)
{
	struct kvm_regs r = { 0 };
	struct host_call call = { .request = KVM_GET_REGS, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : r.rbx;
}
#elif defined(__aarch64__)
static const uint32_t spin[] = { 0x14000000 };
static const uint32_t load[] = { 0xd2ae0000, 0xb9400000, 0x14000000 }; /* mov x0, #0x70000000; ldr w0, [x0] */
static const unsigned load_end = 8;
static const char load_text[] = "read of 4 bytes at 0x70000000, where this machine has nothing (pc 0x40000004)";
/* mov x1, #0x09000000; mov w0, #'A'; str w0, [x1]; mov w0, #0x84000000; movk w0, #8 (PSCI SYSTEM_OFF); hvc #0 */
static const uint32_t print[] = { 0xd2a12001, 0x52800820, 0xb9000020, 0x52b08000, 0x72800100, 0xd4000002 };
static const unsigned print_end = 12;
static const int end_code = 0;

static inline uint64_t pc(struct host *h)
{
	uint64_t value = 0;
	struct kvm_one_reg r = { .id = 0x6030000000100040, .addr = (uintptr_t)&value };
	struct host_call call = { .request = KVM_GET_ONE_REG, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : value;
}

/* mov x1, #0x70000000; mov x2, #0; 1: ldr w0, [x1]; add x2, x2, x0; b 1b */
static const uint32_t reads[] = { 0xd2ae0001, 0xd2800002, 0xb9400020, 0x8b000042, 0x17fffffe };

static inline uint64_t sum(struct host *h)
{
	uint64_t value = 0;
	struct kvm_one_reg r = { .id = 0x6030000000100004, .addr = (uintptr_t)&value };
	struct host_call call = { .request = KVM_GET_ONE_REG, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : value;
}
#elif defined(__powerpc64__)
static const uint32_t spin[] = { 0x48000000 };
static const uint32_t load[] = { 0x3c607000, 0x80630000, 0x48000000 }; /* lis r3, 0x7000; lwz r3, 0(r3) */
static const unsigned load_end = 8;
static const char load_text[] = "read of 4 bytes at 0x70000000, where this machine has nothing (pc 0x4)";
/*
 * li r3, 0x58 (H_PUT_TERM_CHAR); li r5, 1; li r6, 'A'; sldi r6, r6, 56; sc 1; li r3, 0; ori r3, r3, 0xf000 (H_RTAS); li r4,
 * 0x24; sc 1; the call, big-endian: power-off
 */
static const uint32_t print[] = { 0x38600058, 0x38a00001, 0x38c00041, 0x78c6c1c6, 0x44000022, 0x38600000, 0x6063f000,
	0x38800024, 0x44000022, 0x03200000 };
static const unsigned print_end = 20;
static const int end_code = 0;

static inline uint64_t pc(struct host *h)
{
	struct kvm_regs r = { 0 };
	struct host_call call = { .request = KVM_GET_REGS, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : r.pc;
}

/* lis r4, 0x7000; li r5, 0; 1: lwz r3, 0(r4); add r5, r5, r3; b 1b */
static const uint32_t reads[] = { 0x3c807000, 0x38a00000, 0x80640000, 0x7ca51a14, 0x4bfffff8 };

static inline uint64_t sum(struct host *h)
{
	struct kvm_regs r = { 0 };
	struct host_call call = { .request = KVM_GET_REGS, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : r.gpr[5];
}
#elif defined(__riscv)
static const uint32_t spin[] = { 0x0000006f };
static const uint32_t load[] = { 0x70000537, 0x00052503, 0x0000006f }; /* lui a0, 0x70000; lw a0, 0(a0); j . */
static const unsigned load_end = 8;
static const char load_text[] = "read of 4 bytes at 0x70000000, where this machine has nothing (pc 0x80000004)";
/* lui a1, 0x10000; li a0, 'A'; sb a0, 0(a1); lui a0, 0x100; lui a1, 0x5; addi a1, a1, 0x555; sw a1, 0(a0) (pass) */
static const uint32_t print[] = { 0x100005b7, 0x04100513, 0x00a58023, 0x00100537, 0x000055b7, 0x55558593, 0x00b52023 };
static const unsigned print_end = 12;
static const int end_code = 0;

static inline uint64_t pc(struct host *h)
{
	uint64_t value = 0;
	struct kvm_one_reg r = { .id = 0x8030000002000000, .addr = (uintptr_t)&value };
	struct host_call call = { .request = KVM_GET_ONE_REG, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : value;
}

/* lui a1, 0x70000; li a2, 0; 1: lwu a0, 0(a1); add a2, a2, a0; j 1b */
static const uint32_t reads[] = { 0x700005b7, 0x00000613, 0x0005e503, 0x00a60633, 0xff9ff06f };

static inline uint64_t sum(struct host *h)
{
	uint64_t value = 0;
	struct kvm_one_reg r = { .id = 0x803000000200000c, .addr = (uintptr_t)&value };
	struct host_call call = { .request = KVM_GET_ONE_REG, .arg = &r, .size = sizeof(r) };

	return h->ops->calls(h, 0, &call, 1) || call.err ? 0 : value;
}
#endif

#endif
