# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2154 # what is quoted is for another shell, in that place; and run and its files have their variables in common
# For tests/bench/run: the nested machine's own kernel, which is Debian's, as a guest: from the start of the server to its end, by kvm-gdbserver and by
# QEMU in turn. What the kernel starts turns the guest off at once.

boot_rounds=3
boot_arguments="console=ttyAMA0 quiet"

boot_init() {
	cat <<-'END'
		#!/bin/busybox sh
		/bin/busybox poweroff -f
	END
}

give_kernel() {
	cache=$(. tests/machines/arch.sh && cache_of arm64) && mkdir -p "$dir/tree" && boot_init >"$dir/tree/init" && chmod 755 "$dir/tree/init" &&
		(cd "$dir/tree" && cpio -id --quiet bin/busybox <"$cache/base.cpio" && find . | cpio -o -H newc --quiet) >"$dir/initrd" &&
		cp "$cache/kernel" "$dir/Image" && give "$dir/Image" && give "$dir/initrd"
}

# boot COLUMN: the time of one, in nanoseconds.
boot() {
	case $1 in
	QEMU) command="$qemu -smp 1 -kernel Image -initrd initrd -append '$boot_arguments' -serial file:boot.console -gdb unix:./boot.socket,server=on,wait=off" ;;
	*) command="./kvm-gdbserver --console boot.console --initrd initrd --append '$boot_arguments' unix:./boot.socket Image" ;;
	esac
	at "$now; rm -f boot.socket boot.console; t=\$(now); $command >boot.out 2>&1 &
		timeout 300 ./client run $1=./boot.socket >client.out 2>&1 || { cat client.out boot.out; kill \$!; exit 1; }
		wait \$!; echo \$((\$(now) - t))"
}

boots() {
	for _ in $(seq "$boot_rounds"); do
		for column in $columns; do
			time=$(boot "$column" 2>&1) || { note "$place: boot, $column: $(echo "$time" | tail -n 1)"; return 1; }
			echo "$column $time" >>"$dir/boots"
		done
	done
}

bench_boot() {
	results=$dir/boot
	columns="auto $with_qemu"
	[ "$place" = nested ] || return 0
	say "$place: Debian's kernel"
	: >"$dir/boots"
	echo "columns $columns" >"$results"
	give_kernel || { note "$place: boot: there is no kernel"; return 0; }
	boots || :
	for column in $columns; do
		sed -n "s/^$column //p" "$dir/boots" | sort -n | awk -v of="$column" '{ t[NR] = $1 / 1e6 }
			END { if (NR) print "delay", of, "boot", t[int((NR + 1) / 2)], t[NR] }' >>"$results"
	done
}
