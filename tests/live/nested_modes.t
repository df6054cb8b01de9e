# SPDX-License-Identifier: BSD-2-Clause
# The modes of x86 under gdb, on a real KVM (SVM), nested in a machine that QEMU emulates.

. tests/live/nested.sh
boot amd64 x86_64
for image in boot.img i386.elf x86_64.elf; do
	machine put "$name" "build/guests/$image" "/$image" || exit
done
# target/i386/tcg/system/bpt_helper.c of QEMU 10: an address in a debug register is compared with eip, not with the linear address.
export NO_BASED_BREAK='QEMU ends at a debug register where the code segment has a base'
GUEST='' IMAGES='' expect tests/live/modes.exp
