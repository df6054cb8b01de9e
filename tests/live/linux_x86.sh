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

put_linux
GUEST='' IMAGE=/Image BANNER=$(address_of linux_banner) START=$(address_of start_kernel) TEXT=$(address_of _text) expect tests/live/linux_x86.exp "${end:-poweroff}"
