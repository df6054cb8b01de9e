# SPDX-License-Identifier: BSD-2-Clause
# A guest on this machine's own /dev/kvm. Sourced; sets ARCH, and what gdb.exp wants to know of the server.

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

case $(uname -m) in
aarch64) ARCH=arm64 ;;
ppc64le) ARCH=powerpc ;;
*) ARCH=$(uname -m) ;;
esac
[ -e "tests/guests/start_$ARCH.S" ] || skip_all "no guest for $ARCH"
[ -r /dev/kvm ] && [ -w /dev/kvm ] || skip_all "this machine has no usable /dev/kvm"
export ARCH LAUNCH=build/kvm-gdbserver COMM=:0 TARGET='' GUEST="build/guests/$ARCH.elf" IMAGE="build/guests/$ARCH.elf"

# A client of another release: its command is in $client.
fetch_client()
{
	client=$(sh tests/clients/fetch "$1" 2>&1) || skip_all "no $1: $(echo "$client" | tail -n 1)"
	client=$(echo "$client" | tail -n 1)
}
