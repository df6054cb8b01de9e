/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the x86-64 board have in common. */
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

struct vm_board {
	struct uart com1;
	bool irqchip;
};

#endif
