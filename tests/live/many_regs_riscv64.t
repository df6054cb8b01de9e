# SPDX-License-Identifier: BSD-2-Clause
# The kernel module on riscv64.

. tests/live/many_regs.sh
many_regs riscv64 riscv64
