# SPDX-License-Identifier: BSD-2-Clause
# Where a guest's memory is: tests/unit/host_memslots.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/tests/unit/host_memslots
else
	machine put "$name" "build/$built-static/tests/unit/host_memslots" /bin/host_memslots && $IN host_memslots
fi
