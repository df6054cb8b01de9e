# SPDX-License-Identifier: BSD-2-Clause
# The kernel module on ppc64le.

. tests/live/many_regs.sh
many_regs ppc64el powerpc
