# SPDX-License-Identifier: BSD-2-Clause
# The library in a VMM that does what VMMs do: library.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/examples/library "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library" /bin/library && $IN library "$IMAGE"
fi
