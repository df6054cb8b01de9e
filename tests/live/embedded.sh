# SPDX-License-Identifier: BSD-2-Clause
# The gdb session with a VMM of tests/examples in place of kvm-gdbserver. Not all of it by default: see embedded_all.sh.

embed "${EXAMPLE:-vmm}"
PARTS="${PARTS:-connect registers breakpoints stepping memory range exclusive hardware end interrupt reconnect conditions smp}"
export PARTS BATCHES=auto EMBEDDED=1
expect tests/live/session.exp "$ARCH"
