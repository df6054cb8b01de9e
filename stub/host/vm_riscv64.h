/* SPDX-License-Identifier: BSD-2-Clause */
/* The map of the riscv64 board, and what its files have in common. */
#ifndef VM_RISCV64_H
#define VM_RISCV64_H

#include <sys/ioctl.h>

#include "uart.h"
#include "vm_arch.h"

#define RAM_START 0x80000000

/* Two of them, side by side. */
#define FLASH 0x20000000
#define FLASH_SIZE 0x2000000

#define RAW_BASE (RAM_START + 0x200000) /* where a file of no known format goes */

#define TEST 0x00100000
#define TEST_SIZE 0x1000
#define UART 0x10000000
#define UART_SIZE 0x100
#define UART_CLOCK_HZ 3686400

/* arch/riscv/include/uapi/asm/kvm.h: config, core (struct user_regs_struct) and timer registers. */
#define REG_ISA 0x8030000001000000
#define REG_SATP_MODE 0x8030000001000006
#define REG_PC 0x8030000002000000
#define REG_A0 0x803000000200000a
#define REG_A1 0x803000000200000b
#define REG_TIMER_FREQUENCY 0x8030000004000000

struct vm_board {
	struct uart uart;
	uint64_t tree_sum; /* ram_sum() of the tree's place, as it was written */
};

/* What the image asks of the start. */
struct riscv64_start {
	uint64_t entry;
	bool has_tree;
	uint64_t initrd, initrd_end;
};

static inline uint64_t riscv64_get_reg(const struct vm_vcpu *v, uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(v->fd, KVM_GET_ONE_REG, &reg) < 0 ? 0 : value;
}

/* Where the tree is: at the end of RAM. Is there RAM? */
uint64_t riscv64_tree_room(const struct vm *vm);
uint64_t riscv64_tree_address(const struct vm *vm);
bool riscv64_has_tree_room(const struct vm *vm);

int riscv64_write_tree(const struct vm *vm, const struct riscv64_start *start, const struct refusal *why);

#endif
