# SPDX-License-Identifier: BSD-2-Clause
# Debian's own kernel as the guest: gdb at its entry, in its running kernel, at a breakpoint in it, and at its end. The kernel is the
# nested machine's own.

. tests/machines/arch.sh

# What the guest runs; it prints addresses: one for a breakpoint that is hit again and again. It must not fork much: on a slow computer
# the kernel frees dead tasks slower than a shell makes them, and dies of it. It prints as the kernel does, which waits for nothing: a
# tty without an interrupt goes by the timer, and that of a nested riscv64 machine stands still at times (Linux 6.12).
guest_init() {
	cat <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mknod /kmsg c 1 11
/bin/busybox grep -w -e do_sys_openat2 -e int_sqrt -e _stext -e _start /proc/kallsyms | while read line; do echo "<3>$line" >/kmsg; done
echo "<3>userspace is up" >/kmsg
while :; do read line </init; done
END
}

# A vmlinux with a symbol that is so far in the kernel's image, and linux_banner, which is where the image has it; as linked to BASE, where
# its entry is:
# make_vmlinux FILE IMAGE SYMBOL OFFSET BASE.
make_vmlinux() {
	banner=$(grep -aboE 'Linux version [^#]* #[0-9]' "$2" | head -1)
	cat >"$1.s" <<END
	.bss
	.globl $3, linux_banner
image:	.skip ${banner%%:*}
linux_banner:
	.skip 1
	.set $3, image + $4
END
	"${cross}as" -o "$1.o" "$1.s" && "${cross}ld" -e "$5" -Tbss="$5" -o "$1" "$1.o"
}

# SYMBOL is at OFFSET in the kernel's image, and BASE is what that was linked to.
case $ARCH in
# SEGMENT_ALIGN and KIMAGE_VADDR of Linux 6.1: arch/arm64/include/asm/memory.h
arm64) symbol=_stext offset=0x10000 base=0xffff800008000000 ;;
# KERNEL_LINK_ADDR: arch/riscv/include/asm/pgtable.h
riscv64) symbol=_start offset=0 base=0xffffffff80000000 ;;
esac
put_linux
describe_arch "$PLACE"
make_vmlinux "$dir/vmlinux" "$cache/kernel" $symbol $offset $base || exit
GUEST='' IMAGE=/Image VMLINUX=$dir/vmlinux OFFSET=$offset BASE=$base expect tests/live/linux.exp "$ARCH" $symbol
