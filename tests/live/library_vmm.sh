# SPDX-License-Identifier: BSD-2-Clause
# The library in VMMs that are unlike each other: library_vmm.c, on this KVM. PART: some of it.

if [ "$PLACE" = own ]; then
	build/examples/library_vmm "$IMAGE" $PART
else
	machine put "$name" "build/$built-static/examples/library_vmm" /bin/library_vmm && $IN library_vmm "$IMAGE" $PART
fi
