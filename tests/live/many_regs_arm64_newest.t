# SPDX-License-Identifier: BSD-2-Clause
# The kernel module on arm64, with the newest kernel.

. tests/live/many_regs.sh
many_regs arm64-newest arm64
