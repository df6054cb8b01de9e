# SPDX-License-Identifier: BSD-2-Clause
# gdb, and other clients, on a real KVM of arm64, nested in a machine that QEMU emulates.

. tests/live/nested.sh
{
	nested arm64 arm64 "many blocks" || echo "not ok - gdb: ended with status $?"
	other_clients arm64
} | join_tap
