# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, with a VMM, and the library, that are built for musl and linked statically.

why=$(sh tests/lib/packages.sh musl-tools 2>&1) || skip_all "no musl: $(echo "$why" | tail -n 1)"
# Its wrapper of gcc has no headers of the kernel's.
make -s OUT=build/musl CC=musl-gcc STATIC=1 CFLAGS="-O2 -g -idirafter /usr/include -idirafter /usr/include/$(gcc -print-multiarch)" \
	build/musl/examples/vmm || exit 1
embed vmm
[ "$PLACE" != own ] || export VMM=build/musl/examples/vmm
PARTS="${PARTS:-connect registers breakpoints stepping interrupt reconnect smp}"
export PARTS BATCHES=auto EMBEDDED=1
expect tests/live/session.exp "$ARCH"
