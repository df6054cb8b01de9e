# SPDX-License-Identifier: BSD-2-Clause
# The gdb session with a VMM of tests/examples in place of kvm-gdbserver: what does not depend on the machine being ours.

embed "${EXAMPLE:-vmm}"
PARTS="${PARTS:-connect registers breakpoints stepping memory memory_queries physical recursion range exclusive hardware end interrupt
	reconnect conditions own_traps own_steps own_code interrupts smp locks non_stop stress calls}"
export PARTS BATCHES=auto EMBEDDED=1
expect tests/live/session.exp "$ARCH"
