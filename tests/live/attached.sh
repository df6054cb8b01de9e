# SPDX-License-Identifier: BSD-2-Clause
# The gdb session with the VMM of tests/attach, and kvm-gdbserver attached to it. Not all of it by default: see attached_all.sh.

attach
PARTS="${PARTS:-connect registers breakpoints stepping memory range exclusive hardware end interrupt reconnect conditions smp}"
export PARTS BATCHES=auto
expect tests/live/session.exp "$ARCH"
