# SPDX-License-Identifier: BSD-2-Clause
# `monitor linux log` and `monitor dump` of Debian's own kernel, the nested machine's own: while a program runs whose page tables do not have
# the kernel, in the kernel, and after a panic. The log is the guest's own dmesg(1), and other programs print the same of the file; those that
# know kernels find in it what there was.

[ "$PLACE" != own ] || skip_all "the kernel of this computer's own KVM takes too long to unpack another, or is not Debian's"

. tests/machines/arch.sh
. tests/live/dumps.sh

# Its messages go to the log: that waits for nothing. The sum is of what dmesg says before it. The end is a program that mostly is no
# system call.
guest_init() {
	cat <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mknod /kmsg c 1 11
/bin/busybox grep -w -e do_sys_openat2 -e panic /proc/kallsyms | while read line; do echo "<3>symbol $line" >/kmsg; done
/bin/busybox dmesg >/log
echo "<3>dmesg says $(/bin/busybox wc -l </log) $(/bin/busybox md5sum </log)" >/kmsg
echo "<3>userspace is up" >/kmsg
while :; do
	n=0
	while [ $n != 1000 ]; do n=$((n + 1)); done
	read line </init
done
END
}

put_linux
open_files
trap 'rm -rf "$dir" "$HERE"' EXIT
# Those that cannot be had are skipped.
for package in kexec-tools makedumpfile python3-drgn crash; do
	sh tests/lib/packages.sh $package || :
done

# The kernel's vmlinux with debug information: VMLINUX. None: Debian has none, or that of another build by now.
find_vmlinux() {
	VMLINUX=$(sh tests/machines/debug "$PLACE" | tail -n 1)
	grep -qaF "$($IN 'cat /proc/version')" "$VMLINUX" || VMLINUX=
}

# crash(8) is made for one architecture each: that for the guest's, CRASH, may be another one's program.
find_crash() {
	case $(uname -m)/$ARCH in
	x86_64/x86_64 | aarch64/arm64) CRASH=crash ;;
	*/arm64)
		sh tests/lib/packages.sh qemu-user && tar=$(sh tests/machines/programs arm64 crash=usr/bin/crash) &&
			tar -x -C "$HERE" -f "$tar" && CRASH="qemu-aarch64 -L $HERE $HERE/usr/bin/crash"
		;;
	*) CRASH= ;;
	esac
}

export VMLINUX CRASH
find_vmlinux
find_crash
GUEST='' IMAGE=/Image expect tests/live/dump_linux.exp "$ARCH"
