/* SPDX-License-Identifier: BSD-2-Clause */
/* The map of the arm64 board, and what its files have in common. */
#ifndef VM_ARM64_H
#define VM_ARM64_H

#include <sys/ioctl.h>

#include "fdt.h"
#include "pl011.h"
#include "vm_arch.h"

/* Two of them, side by side. */
#define FLASH 0
#define FLASH_SIZE 0x4000000

#define RAM_START 0x40000000
#define TREE RAM_START
#define TREE_ROOM 0x10000
#define KERNEL_BASE (RAM_START + 0x200000)
#define RAW_BASE (RAM_START + 0x80000) /* where a file of no known format goes */

#define GIC_DISTRIBUTOR 0x08000000
#define GIC_DISTRIBUTOR_SIZE 0x10000
#define GIC_REDISTRIBUTORS 0x080a0000
#define GIC_REDISTRIBUTOR_SIZE 0x20000 /* one vCPU's */
#define UART 0x09000000
#define LOW_REDISTRIBUTORS ((UART - GIC_REDISTRIBUTORS) / GIC_REDISTRIBUTOR_SIZE)

/* Those of more vCPUs, behind RAM where that is larger. */
#define HIGH_REDISTRIBUTORS 0x4000000000
#define HIGH_REDISTRIBUTORS_SIZE 0x4000000

#define FIRST_PPI 16
#define PMU_PPI 7
#define FIRST_SPI 32
#define UART_SPI 1
#define INTERRUPTS 64

/* Documentation/virt/kvm/api.rst, 4.68: the core registers by their place in struct kvm_regs, system registers by encoding. */
#define REG_X(n) (0x6030000000100000 + 2 * (n))
#define REG_PC 0x6030000000100040
#define REG_MPIDR_EL1 0x603000000013c005

#define MPIDR_AFFINITY 0xff00ffffff

struct vm_board {
	struct pl011 uart;
	bool uart_line;
	uint32_t features; /* KVM_ARM_VCPU_*, of every vCPU */
	uint64_t tree_sum; /* ram_sum() of the tree's place, as it was written */
};

/* What the image asks of the start. */
struct arm64_start {
	uint64_t entry;
	bool has_tree;
	uint64_t initrd, initrd_end;
};

/* A region of redistributors, of so many vCPUs. */
struct arm64_region {
	uint64_t start;
	unsigned count;
};

#define ARM64_REGIONS 2

/* How many there are: the second only where the first will not do. */
unsigned arm64_redistributors(const struct vm *vm, struct arm64_region regions[ARM64_REGIONS]);

static inline bool arm64_has_feature(const struct vm *vm, unsigned feature)
{
	return vm->board->features >> feature & 1;
}

static inline uint64_t arm64_get_reg(const struct vm_vcpu *v, uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(v->fd, KVM_GET_ONE_REG, &reg) < 0 ? 0 : value;
}

int arm64_write_tree(const struct vm *vm, const struct arm64_start *start, const struct refusal *why);

#endif
