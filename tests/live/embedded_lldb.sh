# SPDX-License-Identifier: BSD-2-Clause
# lldb, with a VMM of tests/examples in place of kvm-gdbserver.

embed vmm_loop
. tests/live/lldb.sh
