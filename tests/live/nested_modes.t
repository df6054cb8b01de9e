# SPDX-License-Identifier: BSD-2-Clause
# The modes of x86 under gdb, on a real KVM (SVM), nested in a machine that QEMU emulates.

. tests/live/nested.sh
boot amd64 x86_64
for image in boot.img i386.elf x86_64.elf; do
	machine put "$name" "build/guests/$image" "/$image" || exit
done
GUEST='' IMAGES='' expect tests/live/modes.exp
