# SPDX-License-Identifier: BSD-2-Clause
# What the command line does with what it cannot use: one clear line, exit status 1 or 2, nothing left running.

program=build/kvm-gdbserver
guest=build/guests/$(uname -m | sed s/aarch64/arm64/).elf
other=build/guests/arm64.elf
[ "$guest" != "$other" ] || other=build/guests/x86_64.elf
dir=$(mktemp -d)
trap 'kill $holder 2>/dev/null; rm -rf "$dir"' EXIT
count=0
failed=0
holder=

ok() { # CONDITION-STATUS NAME
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
		sed 's/^/# /' "$dir/err"
	fi
}

# Refused with this status, and one line on standard error that matches.
refused() { # NAME STATUS PATTERN ARGS...
	name=$1 want=$2 pattern=$3
	shift 3
	timeout 20 "$program" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	[ $status = "$want" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -Eq "$pattern" "$dir/err" && [ ! -s "$dir/out" ]
	ok $? "$name"
}

needs_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] && [ -e "$guest" ]
}

timeout 20 "$program" >"$dir/out" 2>"$dir/err"
[ $? = 2 ] && grep -q '^Usage: kvm-gdbserver' "$dir/err"
ok $? "no arguments: the usage"
timeout 20 "$program" --no-such-option :0 >"$dir/out" 2>"$dir/err"
[ $? = 2 ] && grep -q 'kvm-gdbserver --help' "$dir/err"
ok $? "an unknown option"
[ "$("$program" --version)" = "kvm-gdbserver 0.1" ]
ok $? "--version"
"$program" --help | grep -q -- '--once'
ok $? "--help, on standard output"

if [ -e /dev/full ]; then
	for option in --version --help "--version -v"; do
		timeout 20 "$program" $option >/dev/full 2>"$dir/err"
		[ $? = 1 ] && grep -q 'standard output: No space left' "$dir/err"
		ok $? "$option to a device that is full"
	done
fi
refused "COMM that is none" 2 'not HOST:PORT' nonsense "$guest"
refused "a port that is none" 2 'port is a number' :70000 "$guest"
refused "a port with letters" 2 'port is a number' :12x "$guest"
refused "a host that is no address" 2 'HOST is an IP address' example.invalid:0 "$guest"
refused "a socket path too long" 2 'socket path' "unix:$(printf '%0200d' 0)" "$guest"
refused "a socket path in no directory" 1 'No such file' "unix:$dir/none/sock" "$guest"
touch "$dir/file"
refused "a socket path that is a file" 1 'exists' "unix:$dir/file" "$guest"
refused "--vcpus 0" 2 'vcpus 0' --vcpus 0 :0 "$guest"
refused "--vcpus with letters" 2 'vcpus 2x' --vcpus 2x :0 "$guest"
refused "--vcpus, too many" 2 'vcpus 1000000' --vcpus 1000000 :0 "$guest"
refused "--memory of letters" 2 'memory lots' --memory lots :0 "$guest"
refused "--memory beyond 64 bits" 2 'memory 999999999T' --memory 999999999T :0 "$guest"
refused "--memory of part of a page" 2 'multiple of 4096' --memory 4097 :0 "$guest"

if needs_kvm; then
	head -c 100000 "$guest" | head -c 700 >"$dir/short.elf"
	mkdir "$dir/directory"
	refused "no such image" 1 'none.elf: No such file' :0 "$dir/none.elf"
	refused "a directory" 1 'directory' :0 "$dir/directory"
	refused "not an ELF file" 1 'file: (not|is)' :0 "$dir/file"
	refused "a truncated ELF file" 1 'short.elf: ' :0 "$dir/short.elf"
	refused "another architecture's image" 1 'built for|this machine is' :0 "$other"
	refused "larger than memory" 1 'RAM|memory' --memory 2M :0 "$guest"
	"$program" :0 "$guest" 2>"$dir/holder" &
	holder=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		grep -q Listening "$dir/holder" && break
		sleep 0.2
	done
	port=$(sed -n 's/Listening on port //p' "$dir/holder")
	refused "a port that is taken" 1 'in use' ":$port" "$guest"
	kill $holder
	wait $holder
	[ $? = 143 ]
	ok $? "SIGTERM ends it, with the status that a shell expects"
	"$program" "unix:$dir/sock" "$guest" 2>"$dir/err" &
	holder=$!
	sleep 0.5
	[ "$(stat -c %a "$dir/sock")" = 600 ]
	ok $? "a Unix socket has mode 0600"
	kill $holder
	wait $holder
	[ ! -e "$dir/sock" ]
	ok $? "and is gone afterwards"
else
	echo "ok $((count += 1)) - what needs a VM # SKIP this machine has no usable /dev/kvm"
fi
if [ "$(id -u)" = 0 ] && needs_kvm; then
	cp "$program" "$guest" "$dir"
	chmod 755 "$dir" "$dir/kvm-gdbserver"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/kvm-gdbserver" :0 "$dir/${guest##*/}" >"$dir/out" 2>"$dir/err"
	[ $? = 1 ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q '/dev/kvm.*ermission' "$dir/err"
	ok $? "no permission for /dev/kvm"
else
	echo "ok $((count += 1)) - no permission for /dev/kvm # SKIP needs root to give up, and a /dev/kvm"
fi
! pgrep -f "$dir" >/dev/null
ok $? "nothing is left running"
echo "1..$count"
exit $failed
