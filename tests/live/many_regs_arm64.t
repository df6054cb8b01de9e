# SPDX-License-Identifier: BSD-2-Clause
# The kernel module on arm64, with the kernel of the current release.

. tests/live/many_regs.sh
many_regs arm64 arm64
