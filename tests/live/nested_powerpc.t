# SPDX-License-Identifier: BSD-2-Clause
# On a real KVM of ppc64le (HV), nested in a POWER9 that QEMU emulates: planted opcodes work there, and steps by means of them. There are
# radix trees for guests, and hash tables.

. tests/live/nested.sh
export RADIX=build/guests/powerpc_radix.elf RADIX_IMAGE=/radix.elf
nested ppc64el powerpc "many one" "$RADIX" "$RADIX_IMAGE"
