# SPDX-License-Identifier: BSD-2-Clause
# The session of kvm.t with a newer gdb, which has other packets and other words for an error.

. tests/live/kvm.sh
fetch_client gdb-16
GDB=$client exec sh tests/live/kvm.t
