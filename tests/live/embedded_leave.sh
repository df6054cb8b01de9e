# SPDX-License-Identifier: BSD-2-Clause
# leave, with a VMM of tests/examples in place of kvm-gdbserver.

embed vmm
perl tests/live/leave.pl
