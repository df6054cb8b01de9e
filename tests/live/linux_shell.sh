# SPDX-License-Identifier: BSD-2-Clause
# A shell in Debian's own kernel, typed to under gdb. The kernel is the nested machine's own.

. tests/machines/arch.sh

guest_init() {
	cat <<'END_OF_INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
echo "a shell:"
exec /bin/busybox sh
END_OF_INIT
}

[ "$PLACE" != own ] || skip_all "the kernel of this computer's own KVM takes too long to unpack another, or is not Debian's"
case $ARCH in
arm64) export UNAME=__arm64_sys_newuname ;;
riscv64) export UNAME=__riscv_sys_newuname ;;
x86_64) export UNAME=__x64_sys_newuname ;;
esac
put_linux
describe_arch "$PLACE"
GUEST='' IMAGE=/Image CROSS=$cross SYMBOLS=$dir/vmlinux expect tests/live/linux_shell.exp "$ARCH"
