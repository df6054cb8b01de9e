# SPDX-License-Identifier: BSD-2-Clause
# Who serves the client of a stopped guest, in a VMM that has the library: library_serves.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/examples/library_serves "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library_serves" /bin/library_serves && $IN library_serves "$IMAGE"
fi
