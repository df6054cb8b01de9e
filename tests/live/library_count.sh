# SPDX-License-Identifier: BSD-2-Clause
# How many system calls a step takes in a VMM that has the library: library_count.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/examples/library_count "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library_count" /bin/library_count && $IN library_count "$IMAGE"
fi
