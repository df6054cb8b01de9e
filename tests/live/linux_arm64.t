# SPDX-License-Identifier: BSD-2-Clause
# Debian's arm64 kernel as the guest: gdb at its entry, in its running kernel, at a breakpoint in it, and at its end.

. tests/live/nested.sh
boot arm64 arm64

. tests/machines/arch.sh
cache=$(cache_of arm64)
dir=$(mktemp -d)
trap 'machine stop "$name"; rm -rf "$dir"' EXIT
mkdir -p "$dir/root/proc"
cat >"$dir/root/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox grep -w do_sys_openat2 /proc/kallsyms
echo userspace is up
while :; do /bin/busybox cat /init >/dev/null; done
END
chmod 755 "$dir/root/init"
(cd "$dir/root" && find . | cpio -o -H newc --quiet) >"$dir/init.cpio"
cat "$cache/base.cpio" "$dir/init.cpio" >"$dir/initrd"
machine put "$name" "$cache/kernel" /Image
machine put "$name" "$dir/initrd" /initrd
GUEST='' IMAGE=/Image expect tests/live/linux.exp
