# SPDX-License-Identifier: BSD-2-Clause
# Each kernel that Debian has for amd64 as the guest: for clouds and for all machines, of this computer's release and the newest; as it is,
# which is a bzImage, and of two of them the vmlinux in it, an ELF file with a PVH note. Each of the ways to end is taken by one of them.

[ "$PLACE" != own ] || skip_all "the kernel of this computer's own KVM takes too long to unpack another, or is not Debian's"
why=$(sh tests/lib/packages.sh xz-utils lz4 zstd 2>&1) || skip_all "nothing to unpack kernels with: $(echo "$why" | tail -n 1)"

. tests/machines/arch.sh

guest_init() {
	cat <<'END_OF_INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox grep -w -e do_sys_openat2 -e linux_banner /proc/kallsyms
echo "CPUs: $(/bin/busybox nproc)"
echo "userspace is up"
while read line </init; do :; done
/bin/busybox $end -f
END_OF_INIT
}

# A bzImage's number of 4 bytes at OFFSET: number FILE OFFSET.
number() {
	od -An -tu4 -j"$2" -N4 "$1" | tr -d ' '
}

# The kernel in a bzImage; behind it is its size, of which the programs complain. Documentation/arch/x86/boot.rst: setup_sects, payload_offset,
# payload_length.
unpack_bzimage() {
	start=$((($(od -An -tu1 -j497 -N1 "$1" | tr -d ' ') + 1) * 512 + $(number "$1" 584)))
	tail -c +$((start + 1)) "$1" | head -c $(($(number "$1" 588) - 4)) >"$dir/payload"
	case $(head -c 4 "$dir/payload" | od -An -tx1 | tr -d ' ') in
	fd377a58) xz -dc "$dir/payload" ;;
	28b52ffd) zstd -qdc "$dir/payload" ;;
	02214c18) lz4 -qdc "$dir/payload" ;;
	*) return 1 ;;
	esac
}

# put_kernel TITLE ARCH PACKAGE: /TITLE there, and the vmlinux in it, /TITLE.elf. Fails where it cannot be had.
put_kernel() {
	file=$(sh tests/machines/kernel "$2" "$3") && unpack_bzimage "$file" >"$dir/vmlinux" && [ -s "$dir/vmlinux" ] &&
		machine put "$name" "$file" "/$1" && machine put "$name" "$dir/vmlinux" "/$1.elf"
}

put_initrd
for kernel in cloud=amd64=linux-image-cloud-amd64 generic=amd64=linux-image-amd64 \
	cloud_newest=amd64-newest=linux-image-cloud-amd64 generic_newest=amd64-newest=linux-image-amd64; do
	title=${kernel%%=*} package=${kernel##*=} suite_arch=${kernel#*=}
	put_kernel "$title" "${suite_arch%%=*}" "$package" || { echo "not ok 1 - $title: Debian's $package is here"; exit 1; }
done
export KERNELS="
generic|/generic|poweroff|pti=on
cloud|/cloud|reboot|pti=on reboot=t
newest cloud|/cloud_newest|reboot|pti=on reboot=k
newest generic|/generic_newest|reboot|pti=on
vmlinux of cloud|/cloud.elf|poweroff|pti=on
vmlinux of newest generic|/generic_newest.elf|reboot|nokaslr pti=off reboot=a
"
GUEST='' expect tests/live/linux_x86_kernels.exp
