# SPDX-License-Identifier: BSD-2-Clause
# What the library does to the process that it is in: library_process.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/examples/library_process "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library_process" /bin/library_process && $IN library_process "$IMAGE"
fi
