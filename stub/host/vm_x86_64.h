/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the x86-64 board have in common. */
#ifndef VM_X86_64_H
#define VM_X86_64_H

#include "uart.h"
#include "vm_arch.h"

#define GIB ((uint64_t)1 << 30)
#define HOLE_START (3 * GIB)
#define HOLE_END (4 * GIB)
#define EMPTY_START 0x100000 /* pc without an image, and where a scratch VM's memory begins */

#define XAPIC_VCPUS 255 /* ids 0 to 254: 255 is for all of them. With more, all begin in x2APIC mode. */

#define STACKS 0x8000
#define STACKS_END 0xa000
#define STACK_MIN 16
#define STACKS_MAX ((STACKS_END - STACKS) / STACK_MIN)

/* Of which an image must need nothing: page tables, a GDT, a TSS, the first stacks. */
#define LOW_START 0x1000
#define LOW_END STACKS_END

#define BOOT_SECTOR 0x7c00
#define BOOT_SECTOR_SIZE 512

/* The vCPU's mode. */
enum x86_mode {
	START_LONG,
	START_PROTECTED,
	START_REAL,
	STARTS
};

/* What an image asks of the start. */
struct x86_start {
	enum x86_mode mode;
	const char *
		described; /* of arch->modes: which code is to be expected, where that is not what the vCPU starts in; or NULL */
	uint64_t entry;
	bool first_only; /* the other vCPUs wait for INIT and SIPI */
	bool plain;	 /* cr0 is PE alone, cr4 is 0 */
	uint64_t rax, rbx;
	bool is_linux; /* as Linux's 64-bit boot protocol has it: its selectors, and rsi is what follows */
	uint64_t rsi;
};

/* What a Linux kernel is told, below what it takes for itself: boot_params, its command line; and where a PC's ROM has ACPI's tables. */
#define LINUX_PARAMS 0xa000
#define LINUX_COMMAND_LINE 0xb000
#define LINUX_COMMAND_LINE_ROOM 0x5000
#define LOW_RAM_END 0xa0000 /* from here to the first MiB a PC has no RAM */
#define LOW_HOLE_END 0x100000
#define ACPI_TABLES 0xe0000
#define ACPI_ROOM 0x10000

/* Ports of what ACPI's tables tell of. */
#define PM1A_EVENT 0x600
#define PM1A_CONTROL 0x604
#define RESET_PORT 0xcf9
#define RESET_VALUE 0x06
#define S5_TYPE 5
#define SCI 9

#define NO_BIOS_PORT 0xf5 /* in real mode: written to by what is in the place of a BIOS */

#define LOCAL_APIC 0xfee00000
#define IO_APIC 0xfec00000

struct vm_board {
	struct uart com1;
	bool com1_line; /* its level, as KVM was told of it */
	bool irqchip;
	bool pc;	     /* the guest takes the machine for a PC: it has ACPI, and looks for what may be behind ports */
	uint16_t pm1_enable; /* as last written */
};

/* KVM is told of COM1's interrupt line, if it has another level than KVM knows; with vm->devices held. */
void x86_set_com1_line(struct vm *vm);

/* The processor that KVM offers, for x86_set_cpuid(), to be freed; NULL and a sentence. */
struct kvm_cpuid2 *x86_cpuid(const struct vm *vm, const struct refusal *why);

/* Gives it to a vCPU, with what is each one's own. */
int x86_set_cpuid(const struct vm_vcpu *v, struct kvm_cpuid2 *cpuid, const struct refusal *why);

/* Puts ACPI's tables into RAM, the RSDP first, and has the board behave as they say. 0, or -errno and a sentence. */
int x86_put_acpi(struct vm *vm, const struct refusal *why);

/* For real mode: a handler for each interrupt, which writes to NO_BIOS_PORT and returns; and what the board makes of that. */
void x86_put_vectors(struct vm *vm);
enum vm_served x86_serve_no_bios(struct vm_vcpu *v, struct vm_access *a, struct vcpu_exit *exit);

#endif
