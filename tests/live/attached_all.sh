# SPDX-License-Identifier: BSD-2-Clause
# As attached.sh: all that does not depend on the machine being ours.

PARTS="${PARTS:-connect registers breakpoints stepping memory memory_queries physical recursion range exclusive hardware end interrupt
	reconnect conditions own_traps own_steps own_code interrupts smp locks non_stop stress calls}"
. tests/live/attached.sh
