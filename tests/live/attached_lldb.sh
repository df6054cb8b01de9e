# SPDX-License-Identifier: BSD-2-Clause
# lldb, with kvm-gdbserver attached to a VMM.

attach
. tests/live/lldb.sh
