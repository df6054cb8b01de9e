# SPDX-License-Identifier: BSD-2-Clause
# QEMU as Debian has it, attached to while it runs a guest of ours, or with LINUX the kernel of the nested machine: see attach_qemu.pl.

# What Linux runs: a line each to its console, a file opened for each. See linux.sh for why it prints so.
guest_init() {
	cat <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mknod /kmsg c 1 11
/bin/busybox mkdir -p /dev
/bin/busybox mknod /dev/null c 1 3
/bin/busybox grep -w -e do_sys_openat2 -e serial8250_console_write -e pl011_console_write /proc/kallsyms |
	while read line; do echo "<3>$line" >/kmsg; done
(while :; do :; done) &
n=0
while :; do
	/bin/busybox printf '<3>%08x\n' $n >/kmsg
	n=$((n + 1))
	read line </init
done
END
}

make_linux() {
	put_linux
	kernel="/Image -initrd /initrd -append 'console=$console quiet printk.time=0 printk.devkmsg=on panic=-1'"
}

case $ARCH in
x86_64)
	kernel=$IMAGES/lines_x86_64.elf
	QEMU="qemu-system-x86_64 -machine pc"
	package=qemu-system-x86
	console=ttyS0
	;;
arm64)
	kernel=$IMAGES/lines_arm64.elf
	QEMU="qemu-system-aarch64 -machine virt,gic-version=3 -cpu host"
	package=qemu-system-arm
	console=ttyAMA0
	;;
esac
if [ "$PLACE" = own ]; then
	[ -z "$LINUX" ] || skip_all "Linux in QEMU is tried in nested machines"
	why=$(sh tests/lib/packages.sh $package 2>&1) || skip_all "no QEMU: $(echo "$why" | tail -n 1)"
	MONITOR=127.0.0.1:$((20000 + $$ % 10000)) MONITOR_THERE=$MONITOR
else
	programs=$(sh tests/machines/programs "$PLACE" $package="usr/bin/${QEMU%% *}" 2>&1) || skip_all "no QEMU: $(echo "$programs" | tail -n 1)"
	programs=$(echo "$programs" | tail -n 1)
	$IN "[ -e /usr/bin/${QEMU%% *} ]" || { machine put "$name" "$programs" /programs.tar && $IN 'tar xf /programs.tar -C / && rm /programs.tar'; }
	QEMU="/usr/bin/$QEMU"
	MONITOR=127.0.0.1:$PEEK_PORT MONITOR_THERE=10.0.2.15:1235
	[ -z "$LINUX" ] || . tests/machines/arch.sh
	[ -z "$LINUX" ] || make_linux
fi
export LINUX MONITOR SEQUENCE="build/guests/lines_$ARCH.elf"
export QEMU="$QEMU -accel kvm -smp 2 -m ${LINUX:-128} -nodefaults -display none -monitor tcp:$MONITOR_THERE,server=on,wait=off -kernel $kernel"
perl tests/live/attach_qemu.pl
