# SPDX-License-Identifier: BSD-2-Clause
# The kernel module on x86-64, whose KVM has single registers (MSRs) in new kernels only.

. tests/live/many_regs.sh
many_regs amd64-newest x86_64
