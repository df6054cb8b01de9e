# SPDX-License-Identifier: BSD-2-Clause
# A session of gdb's with a 32-bit guest on this machine's own /dev/kvm.

if [ "$(uname -m)" != x86_64 ]; then
	echo "1..0 # SKIP 32-bit guests are x86's"
	exit
fi
if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ]; then
	echo "1..0 # SKIP this machine has no usable /dev/kvm"
	exit
fi
PEEK='env PEEK=127.0.0.1:0 build/kvm-gdbserver-peek' PEEK_PORT='' LAUNCH=build/kvm-gdbserver COMM=:0 TARGET='' \
	GUEST=build/guests/i386.elf IMAGE=build/guests/i386.elf \
	exec expect tests/live/session.exp i386
