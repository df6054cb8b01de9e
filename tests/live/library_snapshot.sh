# SPDX-License-Identifier: BSD-2-Clause
# A VMM that takes snapshots under a debugger, and one that forks: library_snapshot.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/examples/library_snapshot "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library_snapshot" /bin/library_snapshot && $IN library_snapshot "$IMAGE"
fi
