# SPDX-License-Identifier: BSD-2-Clause
# The library and a VMM's memory: library_memory.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/examples/library_memory "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library_memory" /bin/library_memory && $IN library_memory "$IMAGE"
fi
