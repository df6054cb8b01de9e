# SPDX-License-Identifier: BSD-2-Clause
# Who may attach to which process, and what else may be there: other users, other tracers, programs of other kinds, filters, VMs that come
# later. What is refused is refused in one sentence, and the VMM lives and has seen nothing of it.
#
# See attach_rig.pm. PARTS are some of the parts.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use attach_rig qw(learn_memory is_stop steps hits run_on one_round one_cycle);
use Time::HiRes qw(sleep time);

my %parts;

$parts{refused} = sub {
	my $pid = start_victim('--vcpus 1');

	start_server() or die 'not attached: ' . server_log();
	refused('a second kvm-gdbserver', $pid, 'trace|debug|attached');
	kill_server('TERM');
	expect_victim('... and the VMM has seen nothing of it');
	my $sleep = inside('sleep 100 >/dev/null 2>&1 </dev/null & echo $!');
	refused('a process that runs no VM', $sleep, 'no VM|KVM');
	ok(is_alive($sleep), '... which lives');
	inside("kill $sleep");
	refused('a process that is not there', 4194303, 'no such process|No such process|no process');
	misused('process 0', 0);
	misused('a negative number', -5);
	misused('no number', 'nonsense');
	misused('a number with letters', $pid . 'x');
	misused('a number beyond all', '99999999999999999999');
	refused('a kernel thread', 2, 'kernel|no VM|process|user');
	my $own = inside('sh -c \'echo $$; exec ' . program() . ' --attach :0 $$ 2>&1\'; echo "status $?"');
	ok($own =~ /^\d+\n[^\n]+\nstatus 1$/, 'itself') or diag($own);
	expect_victim('the VMM has seen nothing of all that');
};

# One who attaches, and whose VMM it is: root's to others, nobody's to itself.
$parts{users} = sub {
	my $nobody = nobody();

	start_victim('--vcpus 1 --uid 65534 --storm 3000 --wait');
	sleep 0.3;
	cycle_as(undef, "another user's VMM");
	return skip('an unprivileged user', 'there is no way to be one') unless $nobody;
	cycle_as($nobody, "an unprivileged user's own VMM");
	start_victim('--vcpus 1 --storm 3000 --wait');
	refused("a VMM of root's, by another user", victim_pid(), 'it is user 0.s', $nobody);
	expect_victim('... and it has seen nothing of it');
};

# With a VMM of nobody's.
sub cycle_as {
	my ($launcher, $name) = @_;
	my $wrong = one_cycle(1, 2, by => $launcher);

	ok($wrong eq '', "$name: attached to, steps, breakpoints, pauses") or diag($wrong);
	expect_victim('... and it has seen nothing of it');
}

# Who may trace by Yama: 0, whose process it is; 1 and 2, root. Nothing is set on this computer itself.
my $scope = '/proc/sys/kernel/yama/ptrace_scope';

sub can_set_scope {
	return 1 if !is_own() && inside("test -w $scope; echo \$?") eq '0' && nobody();
	skip('ptrace_scope', is_own() ? 'nothing is set on this computer itself' : 'this kernel has none, or there are no other users');
	return 0;
}

$parts{scope} = sub {
	can_set_scope() or return;
	my $nobody = nobody();

	start_victim('--vcpus 1 --uid 65534 --storm 3000 --wait');
	inside("echo 0 >$scope");
	cycle_as($nobody, "ptrace_scope 0, one's own VMM");
	for my $value (1, 2) {
		inside("echo $value >$scope");
		refused("ptrace_scope $value, one's own VMM", victim_pid(), "ptrace_scope is $value: it takes", $nobody);
		expect_victim('... and it has seen nothing of it');
	}
	cycle_as(undef, 'ptrace_scope 2, by root');
	inside("echo 0 >$scope");
};

# There is no way back from that but a boot.
$parts{scope3} = sub {
	can_set_scope() or return;
	my $nobody = nobody();

	start_victim('--vcpus 1 --uid 65534 --storm 3000 --wait');
	inside("echo 3 >$scope");
	refused('ptrace_scope 3, by root', victim_pid(), 'nobody may trace anything here before the next boot');
	refused("ptrace_scope 3, one's own VMM", victim_pid(), 'nobody may trace anything here before the next boot', $nobody);
	expect_victim('... and it has seen nothing of it');
};

# --- other tracers

sub tracer { return inside("sed -n 's/^TracerPid:\\s*//p' /proc/$_[0]/status") }

# Whether it has a tracer, or none, at last.
sub wait_traced {
	my ($tid, $is) = @_;

	return comes_true { $is == (tracer($tid) ne '0') };
}

# The thread of vCPU 0.
sub vcpu_thread {
	my ($tid) = inside('grep -l "^CPU 0/KVM" /proc/' . victim_pid() . '/task/*/comm') =~ m{task/(\d+)/};

	return $tid;
}

# What a debugger interrupts the VMM may see: that is none of ours.
sub traced_before {
	my ($name, $command, $ends) = @_;
	my $tid = vcpu_thread();
	my $other = inside("$command >/dev/null 2>&1 </dev/null & echo \$!");

	ok(wait_traced($tid, 1), "$name traces the VMM");
	refused('... which is refused then', victim_pid(), "process $other \\($name\\) traces it, and there can be one tracer only");
	inside("until $ends $other; do sleep 0.1; done"); # gdb is there before its command is
	ok(wait_traced($tid, 0), '... and lets go');
	expect_victim('... and the VMM lives', 100);
}

$parts{tracers} = sub {
	my @there = grep { inside("command -v $_") } qw(gdb strace);

	@there or return skip('other tracers', 'there is none');
	# Its first thread is that of vCPU 0: gdb 16 would try for ever to get at threads that are ours behind a first one that is not.
	start_victim('--vcpus 2 --main');
	my $tid = vcpu_thread();
	my %command = (gdb => 'gdb -nx -batch -p ' . victim_pid() . ' -ex', strace => "strace -e trace=none -p $tid");
	traced_before('gdb', "$command{gdb} 'shell sleep 60'", 'pkill -P') if $there[0] eq 'gdb';
	traced_before('strace', $command{strace}, 'kill') if $there[-1] eq 'strace';
	start_server() or die 'not attached: ' . server_log();
	my $c = client();
	for my $name (@there) {
		my $said = inside("timeout $patience $command{$name} " . ($name eq 'gdb' ? "'info threads'" : '') . ' 2>&1 </dev/null');

		ok($said =~ /not permitted|annot attach/, "$name, of a VMM that is attached to, may not trace its vCPUs' threads") or diag($said);
		my $wrong = one_round($c, 2);
		ok($wrong eq '', '... and the VM is debugged on') or diag($wrong);
	}
	ok(ask($c, 'D') eq 'OK', '... and left');
	kill_server('TERM');
	expect_victim('... and the VMM lives', 100);
};

# --- programs of other kinds

$parts{bits32} = sub {
	my $vmm = "$ENV{PWD}/build/vmm_32";

	is_own() && -x $vmm && inside("timeout 1 $vmm; echo \$?") =~ /124$/ or return skip('a VMM of 32 bits', 'it does not run here');
	my $pid = inside("$vmm >/dev/null 2>&1 </dev/null & echo \$!");
	ok((comes_true { inside("ls -l /proc/$pid/fd") =~ /kvm-vcpu/ }), 'a VMM of 32 bits: it has a vCPU');
	refused('... which is refused', $pid, 'program of 32 bits');
	ok(inside(program() . ' --list') =~ /^ *$pid .*32 bits/m, '... with the same reason in the list');
	ok(is_alive($pid), '... and lives');
	inside("kill $pid");
};

# Who may trace the VMM and may not open /dev/kvm: what KVM does is tried by the VMM's own descriptor; or it is not tried, where that has none.
$parts{rights} = sub {
	my $by = without_kvm() or return skip('a user who may not open /dev/kvm', 'there is no way to be one');

	start_victim('--vcpus 2 --uid 65534 --storm 3000 --wait');
	sleep 0.3;
	start_server(by => $by) or die 'not attached: ' . server_log();
	my $c = client();
	my $said = monitor($c, 'capabilities');
	ok($said =~ /as tried at start-up/, 'by one who may not open /dev/kvm: what KVM does was tried') or diag($said);
	my $wrong = one_round($c, 2);
	ok($wrong eq '', '... steps, breakpoints, pauses') or diag($wrong);
	ask($c, 'D');
	kill_server('TERM');
	expect_victim('... and the VMM has seen nothing of it');

	start_victim('--vcpus 2 --uid 65534 --forgets --storm 3000 --wait');
	sleep 0.3;
	start_server(by => $by) or die 'not attached: ' . server_log();
	$c = client();
	$said = monitor($c, 'capabilities');
	ok($said =~ /could not be tried/, '... nor can the VMM any more: what KVM does was not tried, and that is said') or diag($said);
	ok(length ask($c, 'g') > 100, '... registers');
	ok(point($c, 'Z0') =~ /^E/, '... a breakpoint is refused, lest the client plants its own');
	ok(run_on($c, 0.05) eq '', '... runs, and Ctrl-C stops it');
	ask($c, 'D');
	kill_server('TERM');
	expect_victim('... and the VMM has seen nothing of it');
};

# Its vCPUs' threads may do nothing but run them: it is debugged all the same, or this is refused; whatever comes, it lives.
$parts{seccomp} = sub {
	start_victim('--vcpus 2 --seccomp --storm 3000 --wait');
	sleep 0.3;
	expect_victim('a VMM in a sandbox: by itself it counts');
	if (start_server()) {
		my $c = client();
		my $wrong = one_round($c, 2);
		ok($wrong eq '', 'a VMM in a sandbox: steps, breakpoints, pauses') or diag($wrong);
		ok(ask($c, 'D') eq 'OK', '... detach');
		kill_server('TERM');
	} else {
		ok(server_log() =~ /seccomp/, 'a VMM in a sandbox: refused with the reason') or diag(server_log());
		diag(server_log());
	}
	expect_victim('... and it has seen nothing of it');
};

# One in a sandbox, with a client for which it is stopped; undef where it is refused.
sub in_sandbox {
	start_victim('--vcpus 2 --seccomp --storm 3000 --wait');
	start_server() or return undef;
	my $c = client();
	is_stop(ask($c, '?')) or diag('no stop at first');
	return $c;
}

# A filter is suspended by one thread of ours, and only while that is there.
$parts{sandbox} = sub {
	for my $i (1 .. $ENV{CYCLES} // 4) {
		my $c = in_sandbox() // return skip('what becomes of a VMM in a sandbox', 'it is refused');
		say_only($c, 'vCont;c');
		sleep 0.05;
		ask_victim('pause');
		ok(is_stop(interrupt($c)) && ask($c, 'D') eq 'OK', 'a VMM in a sandbox, stopped in its own pause: detach');
		kill_server('TERM');
		ask_victim('resume');
		expect_victim('... and it has seen nothing of it');
	}

	my $c = in_sandbox();
	my $pid = victim_pid();
	for my $runs (0, 1) {
		say_only($c, 'vCont;c') if $runs;
		inside("kill -STOP $pid; sleep 0.2; kill -CONT $pid");
		is_stop(interrupt($c)) or diag('no stop') if $runs;
		my $wrong = one_round($c, 2);
		ok($wrong eq '', 'SIGSTOP and SIGCONT of one in a sandbox, ' . ($runs ? 'while it runs' : 'stopped') . ': it is debugged as before') or diag($wrong);
	}
	inside("kill -STOP $pid");
	ok(length ask($c, 'g') > 100, '... registers while it has the SIGSTOP');
	inside("kill -CONT $pid");
	ask($c, 'D');
	kill_server('TERM');
	# With no debugger, too, a SIGSTOP ends a KVM_RUN in four with EINTR: that was seen by three of two vCPUs.
	expect_victim('... and it has seen nothing of it', 6);

	for my $ends (0, 1) {
		$c = in_sandbox();
		say_only($c, 'vCont;c');
		sleep 0.1;
		ask_victim("unplug $ends");
		sleep 0.5;
		ok(is_stop(interrupt($c)), "a thread of one in a sandbox ends, of vCPU $ends: the other one stops");
		my $wrong = hits($c, 0, 2);
		ok($wrong eq '' && length ask($c, 'g') > 100, '... and is debugged as before') or diag($wrong);
		ask($c, 'D');
		kill_server('TERM');
		expect_victim('... and it has seen nothing of it');
	}
};

# The VM is made when its process is already attached to, or was refused.
$parts{later} = sub {
	start_victim('--vcpus 2 --later');
	refused('a VMM that has no VM yet', victim_pid(), 'VM');
	ask_victim('create');
	learn_memory();
	sleep 0.3;
	my $wrong = one_cycle(2, 1);
	ok($wrong eq '', '... and has one') or diag($wrong);
	expect_victim('... and has seen nothing of it');
};

# Another VM in the same process, while the first one is attached to; and when both are there.
$parts{second} = sub {
	start_victim('--vcpus 2 --storm 3000 --wait');
	start_server() or die 'not attached: ' . server_log();
	ok(ask_victim('second') eq 'created', 'a second VM is made in a process whose first one is attached to');
	expect_victim('... both run');
	my $c = client();
	my $wrong = one_round($c, 2);
	ok($wrong eq '', '... and the first one can be debugged') or diag($wrong);
	ok(ask($c, 'D') eq 'OK', '... and left');
	kill_server('TERM');
	expect_victim('... and the VMM has seen nothing of it');
	$wrong = one_cycle(2, 1);
	ok($wrong eq '', 'attached to anew, with two VMs: the first one') or diag($wrong);
	expect_victim('... and neither has seen anything of it');
};

my @all = qw(refused users rights tracers bits32 seccomp sandbox later second);
for my $part ($ENV{PARTS} ? split ' ', $ENV{PARTS} : @all) {
	my $from = time;

	eval { $parts{$part}->(); 1 } or ok(0, "$part: $@");
	diag(sprintf '%s: %.1f s', $part, time - $from);
}
finish();
