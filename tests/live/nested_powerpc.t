# SPDX-License-Identifier: BSD-2-Clause
# On a real KVM of ppc64le (HV), nested in a POWER9 that QEMU emulates: planted opcodes work there, and steps by means of them.

. tests/live/nested.sh
nested ppc64el powerpc "many one"
