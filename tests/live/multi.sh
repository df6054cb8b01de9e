# SPDX-License-Identifier: BSD-2-Clause
# --multi: gdb finds two VMMs of tests/examples among this computer's VMs, and debugs one after the other; what becomes of a VM when gdb,
# or the server, or its VMM ends.

. tests/lib/patience.sh
gdb=${GDB:-gdb-multiarch}
dir=$(mktemp -d)
trap 'kill $server $vm1 $vm2 2>/dev/null; rm -rf "$dir"' EXIT
count=0
failed=0

result() { # STATUS NAME
	count=$((count + 1))
	[ "$1" = 0 ] || failed=1
	[ "$1" = 0 ] && echo "ok $count - $2" || { echo "not ok $count - $2"; sed "s/^/# /" "$dir/gdb" "$dir/server" "$dir/vm1" "$dir/vm2" 2>/dev/null; }
}

# The last session's output has these, as extended regular expressions, one line behind the other.
like() { # NAME PATTERN...
	name=$1
	shift
	tr '\n' ' ' <"$dir/gdb" | grep -Eqe "$(printf '%s.*' "$@")"
	result $? "$name"
}

port_of() { # FILE
	comes_true grep -q 'Listening on port' "$1" && sed -n 's/^Listening on port //p' "$1"
}

# Commands, a line each; one that fails ends nothing.
session() {
	set -- -nx -q -batch -ex 'set remotetimeout 60' -ex 'set confirm off' -ex 'set width 0' -ex 'set sysroot' -ex "file $GUEST"
	while read -r line; do
		set -- "$@" -ex "$line"
	done
	timeout 300 "$gdb" "$@" >"$dir/gdb" 2>&1 </dev/null
}

# A VMM whose vCPUs run count(), for ever. What it has of a debugger is used to say so, and no more.
start_vm() { # N VCPUS
	build/examples/vmm :0 "$IMAGE" "$2" >"$dir/vm$1" 2>&1 &
	eval "vm$1=$!"
	port=$(port_of "$dir/vm$1")
	printf '%s\n' "target remote :$port" 'set var mode = 3' detach | session
	like "VM $1 runs" 'Inferior 1 .process 1. detached'
}

start_server() {
	build/kvm-gdbserver --multi :0 >"$dir/server" 2>&1 &
	server=$!
	target="target extended-remote :$(port_of "$dir/server")"
}

# Has the guest of that VM come further? By the VM's own stub.
moves() { # N NAME
	printf '%s\n' "target remote :$(port_of "$dir/vm$1")" 'print cpu_counter[0]' 'compare-sections .text' 'tbreak count' continue detach | session
	like "$2" ': matched[.]' 'Temporary breakpoint 1, .*count .*detached'
}

start_vm 1 1
start_vm 2 2
start_server

session <<END
$target
info threads
info os
info os vms
info os processes
interpreter-exec mi "-list-thread-groups --available"
monitor help
monitor vms
run
attach 2147483647
monitor why
END
like "no VM at first" 'No threads'
like "info os" 'vms +Listing' 'processes +Listing'
like "info os vms" 'process +VMM +vCPUs +RAM +state' "$vm1 +vmm +1 +128M" "$vm2 +vmm +2 +128M"
like "info os processes" 'pid +user +command +cores' "$vm1 +[a-z0-9]+ +[^ ]*/vmm +[0-9]+"
like "... and as front ends ask for them" "id=\"$vm1\",type=\"process\",description=\"[^\"]*/vmm\""
like "monitor vms" 'why +the reason' "$vm1 +vmm "
like "run is refused" '(Running the default|no VM is started from here)'
like "what cannot be attached to, and why" 'Attaching to process 2147483647 failed' 'process'

session <<END
$target
attach $vm1
info threads
kill
break count
continue
stepi
backtrace 1
detach
info threads
attach $vm2
info threads
continue
x/i count
print cpu_counter[1] != 0
detach
END
like "attach" "Thread $vm1[.]1 .vCPU 0. .*count"
like "kill is refused" "Can't kill process"
like "a breakpoint, a step" 'Breakpoint 1, count' '#0 .*count'
like "detach" "process $vm1. detached" 'No threads'
like "another VM" "Thread $vm2[.]1 .vCPU 0." "Thread $vm2[.]2 .vCPU 1."
like "... has the breakpoint as well" 'hit Breakpoint 1, count' '= 1' "process $vm2. detached"
moves 1 "the one that was left runs on"

session <<END
set non-stop on
$target
attach $vm2
print \$_thread
detach
END
like "non-stop" '= 1' "process $vm2. detached"

session <<END
$target
attach $vm1
break count
continue
shell kill -KILL \$PPID
END
moves 1 "gdb was killed at a breakpoint: the VM runs on"

session <<END
$target
attach $vm2
shell (sleep 1; kill -KILL $vm2) &
continue
attach $vm1
print \$_thread
END
like "a VMM is killed" "terminated with signal SIGKILL"
like "... and another VM is attached to" "terminated with signal SIGKILL" '= 1'

session <<END
$target
attach $vm1
break count
continue
shell kill $server; while kill -0 $server 2>/dev/null; do sleep 0.1; done
END
moves 1 "the server was ended at a breakpoint: the VM runs on"

# gdb has started it, and talks to it by a pipe.
piped="target extended-remote | echo \$\$ >$dir/pid; exec build/kvm-gdbserver --multi - 2>$dir/server"
piped_ends() { # NAME
	comes_true has_gone "$(cat "$dir/pid")"
	result $? "$1"
}

session <<END
$piped
attach $vm1
break count
continue
END
like "by a pipe" "hit Breakpoint 1, .*count|Breakpoint 1, .*count"
piped_ends "... the server ends with gdb"
moves 1 "... and the VM runs on"

for how in "kill -KILL \$PPID" "kill \$(cat $dir/pid)"; do
	session <<END
$piped
attach $vm1
break count
continue
shell $how
END
	piped_ends "... with '${how% *}' as well"
	moves 1 "... and the VM runs on"
done
build/kvm-gdbserver --ram 0:1M:0x10000 --multi :0 >"$dir/gdb" 2>&1
like "--ram is of one VM" ": --ram goes with --attach"
for how in "--memory 1G --multi :0" "--vcpus 2 :0 -- true" "--mode i8086 --attach :0 $$"; do
	# shellcheck disable=SC2086 # words
	build/kvm-gdbserver $how >"$dir/gdb" 2>&1
	like "${how%% *} is of a machine of our own" "not for another VMM's"
done

echo "1..$count"
exit $failed
