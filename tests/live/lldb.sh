# SPDX-License-Identifier: BSD-2-Clause
# What a person does at lldb's prompt.

case $ARCH in
arm64) gpr=x28 flags='cpsr' altname=lr primary=x30 system=SCTLR_EL1 status=0 ;;
x86_64) gpr=rbx flags='eflags' altname=rflags primary=eflags system=cr0 status=42 ;;
esac

. tests/live/lldb_session.sh

# What lldb asks for, after the steps of the second thread, that the stop reply has told it: the threads, or a register of that one.
# On arm64 with SVE it forgets what it was told once, when it learns how long the vectors of a thread are; so not after the first step.
asked_again()
{
	awk '
		/^<- vCont;s/ { steps++; delete told }
		steps && /^-> T[0-9a-f]+thread:p1\.2;/ {
			n = split($2, field, ";")
			for (i = 1; i <= n; i++)
				if (field[i] ~ /^[0-9a-f]+:/) {
					sub(/^0/, "", field[i])
					sub(/:.*/, "", field[i])
					told[field[i]]
				}
		}
		steps > 1 && /^<- q(fThread|sThread|ThreadStop)Info/ { print }
		steps > 1 && /^<- p[0-9a-f]+;thread:0*2;/ {
			split(substr($2, 2), field, ";")
			if (field[1] in told)
				print
		}
		END { if (steps < 4) print steps + 0, "steps" }' "$tmp/log"
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
like "gdb-remote $target" 'stop reason = signal SIGTRAP.*_start' "connect: the guest waits at its entry"
like "process status" 'Process 1 stopped.*_start' "connect: a process that is stopped"
like "register read pc" '(pc|rip) = 0x[0-9a-f]+ .*_start' "registers: pc by its generic name"
like "continue" 'stop reason = breakpoint 1\.1.*square\(n=3\)' "breakpoint: by name, hit, with the argument"
like "thread backtrace" 'square.*distance_squared.*demo.*main.*_start' "backtrace: from square to _start"
like "register read pc sp $altname" "(pc|rip) = .*(sp|rsp) = .*$primary = 0x" "registers: $altname is $primary"
like "register read $system" "$system = 0x0*[1-9a-f]" "registers: $system"
like "register read --all" "general:.*$gpr = .*$flags = .*$system = " "registers: all, by groups"
# lldb asks for no SVE_VLS, which is 64 bytes; arm64 has it where the host has SVE.
! grep unavailable "$tmp/answer" | grep -qv '^1 registers were unavailable'
result $? "registers: none is unavailable, or one that lldb does not ask for"
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
cp "$tmp/log" "$tmp/answer"
grep -q hello "$tmp/log" && grep -q goodbye "$tmp/log"
result $? "detach: the guest goes on to its end"
echo "status $server_status, not $status" >"$tmp/answer"
[ "$server_status" = "$status" ]
result $? "detach: and ends as it does alone"

line()
{
	grep -n "$1" tests/guests/guest.c | cut -d : -f 1
}

start_server
session <<END
breakpoint set --file guest.c --line $(line 'int x2 = ')
continue
thread step-over
thread step-in
thread step-out
breakpoint delete --force
detach
END
like "continue" 'stop reason = breakpoint 1\.1.*int x2 = ' "source: a breakpoint at a line"
like "thread step-over" 'stop reason = step over.*-> [0-9]+.*int y2 = ' "source: step over a call"
like "thread step-in" 'stop reason = step in.*square\(n=4\)' "source: step into one"
like "thread step-out" 'stop reason = step out.*Return value: \(int\) .* = 16' "source: and out"
wait_server

start_server
session <<END
expression mode = MODE_SPIN
breakpoint set --name tick
continue
process plugin packet monitor capabilities
detach
END
like "continue" 'stop reason = breakpoint 1\.1.*tick' "spinning: at a breakpoint"
like "detach" 'Process 1 detached' "spinning: detach with a breakpoint set"
if grep -q '^write watchpoint *works' "$tmp/session"; then
	session <<-END
		watchpoint set variable counter
		continue
		watchpoint list
		detach
	END
	like "continue" 'stop reason = watchpoint 1.*(tick|spin)' "watch: stops at a change"
else
	skip "watch: stops at a change" "this host's KVM has no watchpoint"
fi
interrupted_session <<END
continue
thread list
expression counter > 1
thread backtrace
thread step-inst
process kill
END
like "gdb-remote $target" '(tick|spin)' "again: another session finds it stopped where it was"
like "thread list" 'stop reason = signal SIGINT' "interrupt: it stops"
like "expression counter > 1" '= true' "again: it has run in between, past the breakpoint"
like "thread backtrace" 'spin.*main' "again: backtrace"
like "thread step-inst" 'stop reason = instruction step into' "interrupt: ... and steps from there"
like "process kill" 'exited with status = 9' "kill: lldb is told"
wait_killed
if [ -n "$ATTACHED" ]; then
	skip "kill: ends the server" "a VM that is attached to is not a debugger's to end"
else
	echo "status $server_status" >"$tmp/answer"
	[ "$server_status" = 0 ]
	result $? "kill: ends the server"
fi

start_server --vcpus 2
interrupted_session <<END
expression mode = MODE_SMP
continue
thread list
thread select 2
thread step-inst
thread backtrace
thread step-inst
thread step-inst
thread step-inst
expression cpu_counter[0] > 0 && cpu_counter[1] > 0
process kill
END
like "thread list" 'thread #1: .*count\(cpu=0\).*thread #2: .*count\(cpu=1\)' "threads: both, each where it is"
like "thread step-inst" "thread #2, name = 'vCPU 1', stop reason = instruction step into" "threads: a step of the second"
like "thread backtrace" 'count\(cpu=1\).*secondary' "threads: backtrace of the second"
like "expression cpu_counter[0] > 0 && cpu_counter[1] > 0" '= true' "threads: both have run"
asked_again >"$tmp/answer"
[ ! -s "$tmp/answer" ]
result $? "threads: after a step lldb asks for nothing that it was told"
wait_killed

echo "1..$count"
