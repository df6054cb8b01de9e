# SPDX-License-Identifier: BSD-2-Clause
# A shell in Debian's own kernel, typed to under gdb. The kernel is the nested machine's own, which also says where its symbols are.

. tests/machines/arch.sh

guest_init() {
	cat <<'END_OF_INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
echo "a shell:"
exec /bin/busybox sh
END_OF_INIT
}

# What the kernel's own vmlinux would be to gdb, with these names: make_symbols FILE NAME...
make_symbols() {
	file=$1 base=$(address_of _stext)
	shift
	{
		echo '.section .kernel, "ax", @nobits'
		echo "image: .skip $(address_of _end) - $base"
		for symbol; do
			echo ".globl $symbol"
			echo ".type $symbol, %function"
			echo ".set $symbol, image + $(address_of "$symbol") - $base"
		done
	} >"$file.s"
	"${cross}as" -o "$file.o" "$file.s" && "${cross}ld" -e 0 --section-start=.kernel="$base" -o "$file" "$file.o"
}

[ "$PLACE" != own ] || skip_all "the kernel of this computer's own KVM takes too long to unpack another, or is not Debian's"
case $ARCH in
arm64) export UNAME=__arm64_sys_newuname ;;
riscv64) export UNAME=__riscv_sys_newuname ;;
x86_64) export UNAME=__x64_sys_newuname ;;
esac
put_linux
describe_arch "$PLACE"
make_symbols "$dir/vmlinux" linux_banner do_sys_openat2 "$UNAME" || exit
GUEST='' IMAGE=/Image SYMBOLS=$dir/vmlinux expect tests/live/linux_shell.exp "$ARCH"
