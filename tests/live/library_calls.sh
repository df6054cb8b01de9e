# SPDX-License-Identifier: BSD-2-Clause
# What the library's functions refuse, and when it calls the VMM's: library_calls.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/examples/library_calls "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library_calls" /bin/library_calls && $IN library_calls "$IMAGE"
fi
