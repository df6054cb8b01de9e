# SPDX-License-Identifier: BSD-2-Clause
# The session of kvm.t with a newer gdb, which has other packets and other words for an error.

if ! start=$(sh tests/clients/fetch gdb-16 2>&1); then
	echo "1..0 # SKIP no gdb 16: $(echo "$start" | tail -1)"
	exit
fi
GDB=$(echo "$start" | tail -1) exec sh tests/live/kvm.t
