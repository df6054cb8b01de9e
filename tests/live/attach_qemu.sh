# SPDX-License-Identifier: BSD-2-Clause
# QEMU as Debian has it, attached to while it runs a guest of ours: see attach_qemu.pl.

case $ARCH in
x86_64)
	kernel=$IMAGES/lines_x86_64.elf
	QEMU="qemu-system-x86_64 -machine pc"
	package=qemu-system-x86
	;;
arm64)
	kernel=$IMAGES/lines_arm64.elf
	QEMU="qemu-system-aarch64 -machine virt,gic-version=3 -cpu host"
	package=qemu-system-arm
	;;
esac
if [ "$PLACE" = own ]; then
	why=$(sh tests/lib/packages.sh $package 2>&1) || skip_all "no QEMU: $(echo "$why" | tail -n 1)"
	MONITOR=127.0.0.1:$((20000 + $$ % 10000)) MONITOR_THERE=$MONITOR
else
	programs=$(sh tests/machines/programs "$PLACE" $package="usr/bin/${QEMU%% *}" 2>&1) || skip_all "no QEMU: $(echo "$programs" | tail -n 1)"
	programs=$(echo "$programs" | tail -n 1)
	$IN '[ -e /usr/bin/qemu-system-aarch64 ]' || { machine put "$name" "$programs" /programs.tar && $IN 'tar xf /programs.tar -C / && rm /programs.tar'; }
	QEMU="/usr/bin/$QEMU"
	MONITOR=127.0.0.1:$PEEK_PORT MONITOR_THERE=10.0.2.15:1235
fi
export MONITOR SEQUENCE="build/guests/lines_$ARCH.elf"
export QEMU="$QEMU -accel kvm -smp 2 -m 128 -nodefaults -display none -monitor tcp:$MONITOR_THERE,server=on,wait=off -kernel $kernel"
perl tests/live/attach_qemu.pl
