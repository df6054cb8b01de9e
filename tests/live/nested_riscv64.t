# SPDX-License-Identifier: BSD-2-Clause
# On a real KVM of riscv64, nested in a machine that QEMU emulates: no hardware step, breakpoint or watchpoint, only ebreak.

. tests/live/nested.sh
nested riscv64 riscv64 "many one"
