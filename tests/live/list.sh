# SPDX-License-Identifier: BSD-2-Clause
# --list: a VMM of tests/examples is found, whatever it is called and whoever's it is. It may be called so that its threads' names tell.

program=build/kvm-gdbserver
vmm=build/examples/vmm
[ "$PLACE" = own ] || program=/bin/kvm-gdbserver vmm=/bin/vmm
[ "$PLACE" = own ] || $IN 'mkdir -p /etc; echo "nobody:x:65534:65534::/:/bin/sh" >/etc/passwd'
dir=$(mktemp -d)
there=$($IN 'mktemp -d /tmp/list.XXXXXX')
trap '$IN "kill \$(cat $there/pids) 2>/dev/null; rm -rf $there"; rm -rf "$dir"' EXIT
. tests/lib/status.sh
. tests/lib/patience.sh

excerpt() {
	cat "$dir/list" "$dir/json"
}

# A VMM with two vCPUs; its pid. It waits for a debugger.
start() { # FILE
	$IN ": >$there/out; $1 :0 $IMAGE 2 >$there/out 2>&1 & echo \$! | tee -a $there/pids
		for i in \$(seq 600); do ! grep -q Listening $there/out || exit 0; sleep 0.1; done"
}

list() { # AS
	$IN "$1 $program --list" >"$dir/list" && $IN "$1 $program --list --json" >"$dir/json"
}

# A condition on the entry of a pid, in perl: $v; undef when it is not there.
entry() { # PID CONDITION NAME
	perl -MJSON::PP -e 'local $/; my $pid = shift; my ($v) = grep { $_->{pid} == $pid } @{decode_json(<STDIN>)};
		exit !('"$2"')' "$1" <"$dir/json"
	ok $? "$3"
}

sleeper=$($IN "sleep 1000 >/dev/null 2>&1 & echo \$! | tee -a $there/pids")
pid=$(start $vmm)
list
ok $? "the list, in text and in JSON"
entry "$pid" '$v' "a VMM is in it"
entry "$sleeper" '!$v' "another process is not"
entry "$pid" '$v->{vmm} eq "vmm" && $v->{comm} eq "vmm" && $v->{exe} =~ m{/vmm$}' "its names"
entry "$pid" '$v->{uid} == 0 && $v->{user} =~ /^(root|0)$/ || $v->{uid} == $<' "its user"
entry "$pid" '$v->{vms} == 1 && $v->{vcpus} == 2 && !$v->{guess}' "its vCPUs"
entry "$pid" '$v->{ram} == 128 << 20' "its RAM"
entry "$pid" '$v->{age} < 600 && $v->{state} =~ /^(sleeping|running)$/' "its age and state"
entry "$pid" '$v->{attach} && !defined $v->{why}' "it can be attached to"
grep -Eq "^ *$pid  vmm .* 2 +~128M .* yes\$" "$dir/list"
ok $? "the same in text"
$IN "kill -STOP $pid"
list
entry "$pid" '$v->{state} eq "stopped"' "a VMM that is stopped"
$IN "kill -CONT $pid"

# There is a debugger here, and none in the machines.
if [ "$PLACE" = own ]; then
	gdb -nx -batch -p "$pid" -ex "shell touch $there/traced; while [ -e $there/traced ]; do sleep 0.1; done" >/dev/null 2>&1 &
	comes_true [ -e "$there/traced" ]
	list
	entry "$pid" '$v->{state} eq "traced" && !$v->{attach} && $v->{why} =~ /^process '$!' .gdb. traces it/' "a VMM that is traced, by whom"
	rm "$there/traced"
	wait $!
	list
	entry "$pid" '$v->{attach}' "and that is traced no more"
else
	skip "a VMM that is traced" "no debugger is in the machine"
fi

# A name of a process can be anything, and tell that its threads run vCPUs.
$IN "cp $vmm $there/vcpu0; cp $vmm \"\$(printf '$there/a\\012\\134b\\042')\""
odd=$(start "$there/a*")
list
entry "$odd" '$v->{comm} eq q{a?\b"} && $v->{vmm} eq $v->{comm}' "a VMM of an odd name"
named=$(start "$there/vcpu0")
nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
$IN "$nobody true >/dev/null 2>&1" || nobody='as_nobody'
if [ "$($IN 'id -u')" = 0 ]; then
	$IN "cp $program $there; chmod 755 $there"
	program=$there/kvm-gdbserver
	if [ "$nobody" = as_nobody ]; then
		$IN "printf '#!/bin/sh\nexec su -s /bin/sh nobody -c \"exec \$*\"\n' >$there/as_nobody; chmod 755 $there/as_nobody"
		nobody=$there/as_nobody
	fi
	list "$nobody"
	entry "$named" '$v->{guess} && $v->{vcpus} == 1 && !defined $v->{ram} && !defined $v->{exe}' \
		"for another user it is a guess, by the names of its threads"
	entry "$named" '!$v->{attach} && $v->{why} =~ /it is user 0.s/' "which that user can not attach to"
	entry "$pid" '!$v' "a VMM without such names is not seen"
	grep -Eq "^ *$named  vcpu0 .* ~1 +- .* no: .*\\(seen by the names of its threads\\)\$" "$dir/list"
	ok $? "the same in text"
	grep -q '^Processes that may not be looked into: ' "$dir/list"
	ok $? "and how many may not be looked into"
else
	skip "another user's VMM" "needs root"
fi
# Nothing of this computer is changed for it; a nested machine is as it was afterwards.
scope=/proc/sys/kernel/yama/ptrace_scope
if [ "$PLACE" != own ] && $IN "test -w $scope"; then
	$IN 'chmod 666 /dev/kvm'
	own=$(start "$nobody $there/vcpu0")
	$IN "echo 0 >$scope"
	list "$nobody"
	entry "$own" '$v->{attach} && !$v->{guess} && $v->{vcpus} == 2' "one's own VMM, with ptrace_scope 0"
	for value in 1 2; do
		$IN "echo $value >$scope"
		list "$nobody"
		entry "$own" '!$v->{attach} && !$v->{guess} && $v->{why} =~ /ptrace_scope is '$value'/' "with ptrace_scope $value"
	done
	list
	entry "$own" '$v->{attach}' "root can attach to it"
	$IN "echo 0 >$scope; chmod 600 /dev/kvm"
else
	skip "ptrace_scope" "nothing is set on this computer itself, and not all kernels have it"
fi
$IN "$program --list --group x 2>&1" | grep -q ': --group goes with --registers$'
ok $? "--list --group is refused"
$IN "$program --list 1 2>&1" | grep -q ': one argument too many: 1$'
ok $? "so is --list with an argument"
echo "1..$count"
exit $failed
