# SPDX-License-Identifier: BSD-2-Clause
# gdb on Debian's riscv64 kernel.

. tests/live/linux.sh
# KERNEL_LINK_ADDR: arch/riscv/include/asm/pgtable.h
linux riscv64 riscv64 _start 0 0xffffffff80000000
