# SPDX-License-Identifier: BSD-2-Clause
# The modes of x86 under gdb, on this machine's own /dev/kvm.

if [ "$(uname -m)" != x86_64 ]; then
	echo "1..0 # SKIP modes are x86's"
	exit
fi
if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ]; then
	echo "1..0 # SKIP this machine has no usable /dev/kvm"
	exit
fi
LAUNCH=build/kvm-gdbserver COMM=:0 TARGET='' GUEST='' IMAGES=build/guests NO_BASED_BREAK='' \
	exec expect tests/live/modes.exp
