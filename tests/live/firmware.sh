# SPDX-License-Identifier: BSD-2-Clause
# Debian's U-Boot, a file of no known format, comes to its prompt: as IMAGE, and as --bios where it may lie in flash. It is typed to, and looks
# at its flash. See firmware.exp.

why=$(sh tests/lib/packages.sh u-boot-qemu 2>&1) || skip_all "no u-boot-qemu: $(echo "$why" | tail -n 1)"
case $ARCH in
arm64) machine put "$name" /usr/lib/u-boot/qemu_arm64/u-boot.bin /u-boot.bin ;;
riscv64) machine put "$name" /usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin /u-boot.bin ;;
esac
$IN 'printf flash >/text'
GUEST='' expect tests/live/firmware.exp "$ARCH"
