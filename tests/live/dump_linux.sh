# SPDX-License-Identifier: BSD-2-Clause
# `monitor linux log` and `monitor dump` of Debian's own kernel, the nested machine's own: while a program runs whose page tables do not have
# the kernel, in the kernel, and after a panic. The log is the guest's own dmesg(1), and other programs print the same of the file.

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
sh tests/lib/packages.sh kexec-tools makedumpfile python3-drgn || :
GUEST='' IMAGE=/Image expect tests/live/dump_linux.exp "$ARCH"
