# SPDX-License-Identifier: BSD-2-Clause
# A session of gdb's with a guest on this machine's own /dev/kvm.

. tests/live/kvm.sh
if [ -e "tests/guests/mmu_$ARCH.c" ]; then
	export MMU="build/guests/mmu_$ARCH.elf" MMU_IMAGE="build/guests/mmu_$ARCH.elf"
fi
if [ -e "build/guests/calls_$ARCH.elf" ]; then
	export CALLS="build/guests/calls_$ARCH.elf" CALLS_IMAGE="build/guests/calls_$ARCH.elf"
fi
PEEK='env PEEK=127.0.0.1:0 build/kvm-gdbserver-peek' PEEK_PORT='' exec expect tests/live/session.exp "$ARCH"
