# SPDX-License-Identifier: BSD-2-Clause
# Debian's own kernel as the guest: gdb at its entry, in its running kernel, at a breakpoint in it, and at its end. Sourced:
# linux MACHINE-ARCH PROGRAM-ARCH.

. tests/live/nested.sh
. tests/machines/arch.sh

# What the guest runs; it prints an address for a breakpoint that is hit again and again. It must not fork: on a slow computer the kernel
# frees dead tasks slower than a shell makes them, and dies of it.
guest_init() {
	cat <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox grep -w do_sys_openat2 /proc/kallsyms
echo userspace is up
while :; do read line </init; done
END
}

linux() {
	boot "$1" "$2"
	cache=$(cache_of "$1")
	dir=$(mktemp -d)
	trap 'machine stop "$name"; rm -rf "$dir"' EXIT
	mkdir -p "$dir/tree/proc"
	guest_init >"$dir/tree/init"
	chmod 755 "$dir/tree/init"
	(cd "$dir/tree" && find . | cpio -o -H newc --quiet) >"$dir/init.cpio"
	cat "$cache/base.cpio" "$dir/init.cpio" >"$dir/initrd"
	machine put "$name" "$cache/kernel" /Image
	machine put "$name" "$dir/initrd" /initrd
	GUEST='' IMAGE=/Image expect tests/live/linux.exp "$2"
}
