# SPDX-License-Identifier: BSD-2-Clause
# A session of gdb's with a guest on this machine's own /dev/kvm.

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
PEEK='env PEEK=127.0.0.1:0 build/kvm-gdbserver-peek' PEEK_PORT='' LAUNCH=build/kvm-gdbserver COMM=:0 TARGET='' GUEST=build/guests/$arch.elf IMAGE=build/guests/$arch.elf \
	exec expect tests/live/session.exp "$arch"
