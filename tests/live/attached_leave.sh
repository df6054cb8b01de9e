# SPDX-License-Identifier: BSD-2-Clause
# leave, with kvm-gdbserver attached to a VMM.

attach
perl tests/live/leave.pl
