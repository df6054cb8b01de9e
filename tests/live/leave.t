# SPDX-License-Identifier: BSD-2-Clause
# Clients that vanish, on this machine's own /dev/kvm.

case $(uname -m) in
aarch64) arch=arm64 ;;
ppc64le) arch=powerpc ;;
*) arch=$(uname -m) ;;
esac
if [ ! -e "tests/guests/start_$arch.S" ]; then
	echo "1..0 # SKIP no guest for $arch"
	exit
fi
if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ]; then
	echo "1..0 # SKIP this machine has no usable /dev/kvm"
	exit
fi
exec perl tests/live/leave.pl build/kvm-gdbserver "build/guests/$arch.elf"
