# SPDX-License-Identifier: BSD-2-Clause
# gdb on Debian's riscv64 kernel.

. tests/live/linux.sh
linux riscv64 riscv64
