# SPDX-License-Identifier: BSD-2-Clause
# Debian's own kernel as the guest on x86-64, by its bzImage: gdb at its entry, where its C code begins, at a breakpoint when its programs
# run, and at its end. The kernel is the nested machine's own, which also says where its symbols are.

[ "$PLACE" != own ] || skip_all "the kernel of this computer's own KVM takes too long to unpack another, or is not Debian's"

. tests/machines/arch.sh

# What the guest runs. It ends when the file that it opens again and again is gone: gdb sees to that.
guest_init() {
	cat <<'END_OF_INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox grep -w do_sys_openat2 /proc/kallsyms
echo "CPUs: $(/bin/busybox nproc)"
/bin/busybox grep ttyS0 /proc/interrupts
echo "userspace is up"
while read line </init; do :; done
/bin/busybox ${end:-poweroff} -f
END_OF_INIT
}

cache=$(cache_of "$PLACE")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/tree/proc"
guest_init >"$dir/tree/init"
chmod 755 "$dir/tree/init"
(cd "$dir/tree" && find . | cpio -o -H newc --quiet) >"$dir/init.cpio"
(cd "$dir" && cpio -id --quiet bin/busybox <"$cache/base.cpio" && find bin | cpio -o -H newc --quiet) | cat - "$dir/init.cpio" >"$dir/initrd"
machine put "$name" "$cache/kernel" /vmlinuz
machine put "$name" "$dir/initrd" /initrd
# Addresses of the running kernel, KASLR's offset in all of them.
symbol() {
	$IN "grep -w '[TtDRr] $1' /proc/kallsyms" | awk '{ print "0x" $1; exit }'
}
GUEST='' IMAGE=/vmlinuz BANNER=$(symbol linux_banner) START=$(symbol start_kernel) expect tests/live/linux_x86.exp "${end:-poweroff}"
