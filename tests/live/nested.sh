# SPDX-License-Identifier: BSD-2-Clause
# gdb on a guest on the KVM of a nested machine. Sourced.

machine() {
	sh tests/machines/machine "$@"
}

# A machine for this test alone, with kvm-gdbserver in it: boot MACHINE-ARCH PROGRAM-ARCH. Sets what gdb.exp wants.
boot() {
	name=$(basename "$0" .t)
	if ! why=$({ sh tests/lib/packages.sh $(machine list-packages "$1") && sh tests/machines/fetch "$1"; } 2>&1); then
		echo "1..0 # SKIP no nested $1 machine: $(echo "$why" | tail -1)"
		exit
	fi
	trap 'machine stop "$name"' EXIT
	export MACHINE_OWNER=$$
	if ! machine start "$name" "$1" --forward 1234 --forward 1235 ||
		! machine put "$name" "build/$2-static/kvm-gdbserver" /bin/kvm-gdbserver; then
		echo "not ok 1 - the nested $1 machine boots"
		exit 1
	fi
	export LAUNCH="sh tests/machines/machine run $name kvm-gdbserver" COMM=10.0.2.15:1234
	export TARGET="127.0.0.1:$(machine port "$name" 1234)"
}

# With KVM_GET_MANY_REGS, by our module: load_module MACHINE-ARCH.
load_module() {
	if ! module=$(sh tests/machines/kbuild "$1") || ! machine put "$name" "$module" kvm_many_regs.ko ||
		! machine run "$name" insmod kvm_many_regs.ko; then
		echo "not ok 1 - the kernel module is loaded into the nested $1 machine"
		exit 1
	fi
}

# The session of session.exp, once for each way of moving registers: nested MACHINE-ARCH GUEST-ARCH BATCHES [FILE DEST], another guest.
nested() {
	boot "$1" "$2"
	case $3 in
	*many*) load_module "$1" ;;
	esac
	machine put "$name" "build/guests/$2.elf" /guest.elf || exit
	[ -z "$4" ] || machine put "$name" "$4" "$5" || exit
	if [ -e "tests/guests/mmu_$2.c" ]; then
		export MMU="build/guests/mmu_$2.elf" MMU_IMAGE=/mmu.elf
		machine put "$name" "$MMU" "$MMU_IMAGE" || exit
	fi
	if [ -e "build/guests/calls_$2.elf" ]; then
		export CALLS="build/guests/calls_$2.elf" CALLS_IMAGE=/calls.elf
		machine put "$name" "$CALLS" "$CALLS_IMAGE" || exit
	fi
	machine put "$name" "build/$2-static/kvm-gdbserver-peek" /bin/kvm-gdbserver-peek || exit
	export PEEK="sh tests/machines/machine run $name PEEK=10.0.2.15:1235 kvm-gdbserver-peek"
	export PEEK_PORT="$(machine port "$name" 1235)"
	export GUEST="build/guests/$2.elf" IMAGE=/guest.elf BATCHES="${BATCHES:-$3}"
	expect tests/live/session.exp "$2"
}

# One TAP stream of what several programs print. A program that fails has to say so by itself: nobody sees its status.
join_tap() {
	awk '
		/^1\.\.0/ && !count { print; skipped = 1; next }
		/^1\.\./ { next }
		/^(not )?ok/ { count++; sub(/ok( [0-9]+)?/, "ok " count) }
		{ print; fflush() }
		END { if (!skipped) print "1.." count + 0 }'
}

# After nested(): other clients than gdb, with the same guest in the same machine.
other_clients() {
	export ARCH="$1" LLDB=lldb
	if command -v lldb >/dev/null; then
		sh -c '. tests/live/lldb.sh' || echo "not ok - lldb: ended with status $?"
	else
		echo "ok - lldb # SKIP it is not installed"
	fi
	if client=$(sh tests/clients/fetch cdt-gdb-adapter 2>&1); then
		perl tests/live/dap.pl "$GUEST" \
			"{ \"program\": \"$PWD/$GUEST\", \"gdb\": \"gdb-multiarch\", \"target\": { \"host\": \"127.0.0.1\", \"port\": \"PORT\" } }" \
			"$(echo "$client" | tail -n 1)" || echo "not ok - the debug adapter: ended with status $?"
	else
		echo "ok - the debug adapter # SKIP $(echo "$client" | tail -n 1)"
	fi
}
