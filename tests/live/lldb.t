# SPDX-License-Identifier: BSD-2-Clause
# What a person does at lldb's prompt, with a guest on this machine's own /dev/kvm: two sessions of `lldb --batch`. It stops at the
# first command that fails, so that what comes behind one is missing then.

case $(uname -m) in
aarch64) arch=arm64 gpr=x19 flags='cpsr' altname=lr primary=x30 system=SCTLR_EL1 status=0 ;;
x86_64) arch=x86_64 gpr=rbx flags='eflags' altname=rflags primary=eflags system=cr0 status=42 ;;
*) arch=none ;;
esac
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}
[ -e "tests/guests/start_$arch.S" ] || skip_all "no guest for $(uname -m)"
[ -r /dev/kvm ] && [ -w /dev/kvm ] || skip_all "this machine has no usable /dev/kvm"
command -v lldb >/dev/null || skip_all "lldb is not installed"

tmp=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$tmp"' EXIT
guest=build/guests/$arch.elf
count=0

result()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$tmp/answer"
	fi
}

start_server()
{
	: >"$tmp/stderr"
	build/kvm-gdbserver :0 "$guest" >"$tmp/console" 2>"$tmp/stderr" </dev/null &
	server=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		port=$(sed -n 's/^Listening on port //p' "$tmp/stderr")
		[ -z "$port" ] || return 0
		sleep 0.5
	done
	echo "Bail out! the server did not start: $(cat "$tmp/stderr")"
	exit 1
}

# Ends the server, or waits for it to end by itself, but not for ever; its status is in $server_status.
wait_server()
{
	(sleep 30; kill "$server") 2>/dev/null &
	guard=$!
	wait "$server"
	server_status=$?
	kill "$guard" 2>/dev/null
	server=
}

# lldb's commands are the lines of standard input; what it says is in $tmp/session.
session()
{
	set -- -o "settings set use-color false" -o "target create $guest" -o "gdb-remote $port"
	while IFS= read -r command; do
		set -- "$@" -o "$command"
	done
	timeout 120 lldb --no-lldbinit --batch "$@" >"$tmp/session" 2>&1 </dev/null
}

# like COMMAND PATTERN NAME [NTH]: what lldb said to the NTH such command, in one line, matches.
like()
{
	awk -v "want=(lldb) $1" -v "nth=${4:-1}" '/^\(lldb\) / { on = $0 == want && ++seen == nth; next } on' "$tmp/session" >"$tmp/answer"
	tr '\n' ' ' <"$tmp/answer" | grep -qE "$2"
	result $? "$3"
}

start_server
session <<END
process status
register read pc
breakpoint set --name square
continue
thread backtrace
register read pc sp $altname
register read $system
register read --all
register write $gpr 0x1122334455667788
register read $gpr
register write $gpr 0
frame variable n
thread step-inst
memory read --format x --size 4 --count 2 &origin
memory write --size 4 &origin 0x2a
expression origin
memory write --size 4 &origin 3
memory region &origin
thread step-out
thread list
breakpoint delete --force
breakpoint set --name factorial --condition "n == 2"
continue
thread backtrace
disassemble --count 2
breakpoint delete --force
process plugin packet monitor counters
detach
END
like "gdb-remote $port" 'stop reason = signal SIGTRAP.*_start' "connect: the guest waits at its entry"
like "process status" 'Process 1 stopped.*_start' "connect: a process that is stopped"
like "register read pc" '(pc|rip) = 0x[0-9a-f]+ .*_start' "registers: pc by its generic name"
like "continue" 'stop reason = breakpoint 1\.1.*square\(n=3\)' "breakpoint: by name, hit, with the argument"
like "thread backtrace" 'square.*distance_squared.*demo.*main.*_start' "backtrace: from square to _start"
like "register read pc sp $altname" "(pc|rip) = .*(sp|rsp) = .*$primary = 0x" "registers: $altname is $primary"
like "register read $system" "$system = 0x0*[1-9a-f]" "registers: $system"
like "register read --all" "general:.*$gpr = .*$flags = .*$system = " "registers: all, by groups"
! grep -q unavailable "$tmp/answer"
result $? "registers: none is unavailable"
like "register read $gpr" "$gpr = 0x1122334455667788" "registers: $gpr keeps what is written"
like "frame variable n" 'n = 3' "variables: an argument"
like "thread step-inst" 'stop reason = instruction step into.*square' "step: an instruction"
like "memory read --format x --size 4 --count 2 &origin" '0x00000003 0x00000004' "memory: read"
like "expression origin" 'x = 42, y = 4' "memory: written, its neighbour untouched"
like "memory region &origin" '\[0x[0-9a-f]+-0x[0-9a-f]+\) rw' "memory: the region of a variable"
like "thread step-out" 'stop reason = step out.*Return value: \(int\) .* = 9.*distance_squared' "step: out, with the value"
like "thread list" 'thread #1: tid = 0x0*1,' "threads: one"
like "continue" 'stop reason = breakpoint 2\.1.*factorial\(n=2\)' "breakpoint: with a condition" 2
like "thread backtrace" '(factorial.*){4}main' "backtrace: of a recursion" 2
like "disassemble --count 2" 'factorial' "disassemble"
like "process plugin packet monitor counters" 'register ioctls' "monitor: a command of the stub's"
like "detach" 'Process 1 detached' "detach"
wait_server
cp "$tmp/console" "$tmp/answer"
grep -q hello "$tmp/console" && grep -q goodbye "$tmp/console"
result $? "detach: the guest goes on to its end"
echo "status $server_status, not $status" >"$tmp/answer"
[ "$server_status" = "$status" ]
result $? "detach: and ends as it does alone"

start_server
session <<END
expression mode = MODE_SPIN
breakpoint set --name tick
continue
detach
END
like "continue" 'stop reason = breakpoint 1\.1.*tick' "spinning: at a breakpoint"
like "detach" 'Process 1 detached' "spinning: detach with a breakpoint set"
session <<END
expression counter > 1
thread backtrace
process kill
END
like "gdb-remote $port" '(tick|spin)' "again: a second session finds it stopped where it was"
like "expression counter > 1" '= true' "again: it has run in between, past the breakpoint"
like "thread backtrace" 'spin.*main' "again: backtrace"
wait_server
echo "status $server_status" >"$tmp/answer"
[ "$server_status" = 0 ]
result $? "kill: ends the server"

echo "1..$count"
