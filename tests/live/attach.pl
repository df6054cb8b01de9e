# SPDX-License-Identifier: BSD-2-Clause
# A VMM that is attached to goes on as if nobody were there: it counts what its guest does, and each kick. Cycles of attach and detach, with
# pauses, steps and breakpoints; a kvm-gdbserver that is killed whatever it is at; a VMM that ends, stands, forks and executes.
#
# See attach_rig.pm. PARTS are some of the parts, CYCLES how often what is done again and again is done.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use Time::HiRes qw(sleep time);

my $cycles = $ENV{CYCLES} // 1;
my $reads = 'm%x,8';

# --- what a client does

sub is_stop { return $_[0] =~ /^T(05|02|00|13)/ }

# Some steps, each of which ends.
sub steps {
	my ($c, $n, $thread) = @_;
	my $wrong = 0;

	for (1 .. $n) {
		my $reply = ask($c, "vCont;s:$thread");
		next if is_stop($reply) && defined stopped_at($reply);
		diag("a step: $reply") unless $wrong++;
	}
	return !$wrong;
}

# To turn(), so many times, with this kind of breakpoint.
sub hits {
	my ($c, $type, $n) = @_;
	my $wrong = 0;

	my $set = point($c, "Z$type");
	return "not set: $set" if $set ne 'OK';
	for (1 .. $n) {
		my $reply = ask($c, 'vCont;c');
		next if is_stop($reply) && (stopped_at($reply) // 0) == at('turn');
		$wrong ||= "a hit: $reply";
	}
	my $removed = point($c, "z$type");
	return $wrong || ($removed eq 'OK' ? '' : "not removed: $removed");
}

# A moment of running.
sub run_on {
	my ($c, $seconds) = @_;

	say_only($c, 'vCont;c');
	sleep $seconds;
	my $reply = interrupt($c);
	return is_stop($reply) ? '' : "no stop: $reply";
}

# What there is to do once with a client, from a stop to the next.
sub one_round {
	my ($c, $vcpus) = @_;
	my $wrong;

	steps($c, 3, 1 + int rand $vcpus) or return 'steps';
	$wrong = hits($c, 0, 2) and return $wrong;
	steps($c, 2, 1) or return 'steps';
	$wrong = run_on($c, 0.01) and return $wrong;
	return '';
}

# Attach, rounds, detach, the server's end.
sub one_cycle {
	my ($vcpus, $rounds) = @_;

	start_server() or return 'not attached: ' . server_log();
	my $c = client() or return 'no client';
	is_stop(ask($c, '?')) or return 'no stop at first';
	for (1 .. $rounds) {
		my $wrong = one_round($c, $vcpus);
		return $wrong if $wrong;
	}
	my $reply = ask($c, 'D');
	return "detach: $reply" if $reply ne 'OK';
	vanish($c);
	my $status = kill_server('TERM');
	return $status eq '143' ? '' : "the server's exit status: $status";
}

sub cycles {
	my ($name, $options, $vcpus, $times, $rounds) = @_;
	my $wrong = '';

	start_victim($options);
	sleep 0.3;
	expect_victim("$name: by itself the VMM counts");
	my $from = time;
	for my $i (1 .. $times) {
		$wrong = one_cycle($vcpus, $rounds) or next;
		$wrong .= " (cycle $i)";
		last;
	}
	ok($wrong eq '', "$name: $times times attached, " . $times * $rounds . ' rounds of steps, breakpoints and pauses') or diag($wrong);
	expect_victim("$name: ... and the VMM has seen nothing of it");
	diag(sprintf '%s: %.1f s; %s', $name, time - $from, ask_victim('report'));
}

# --- the parts

my %parts;

$parts{cycles} = sub {
	my $n = 2 * $cycles;

	cycles('1 vCPU', '--vcpus 1 --storm 3000 --wait', 1, $n, 4);
	cycles('2 vCPUs', '--vcpus 2 --storm 2000 --wait', 2, $n, 4);
	cycles('8 vCPUs', '--vcpus 8 --storm 2000 --wait --sleep 200', 8, $n, 2);
	cycles('signals that do nothing', '--vcpus 2 --style plain --storm 3000 --wait', 2, $n, 3);
	cycles('KVM_SET_SIGNAL_MASK', '--vcpus 2 --style mask --storm 3000 --wait', 2, $n, 3);
	cycles('a vCPU in the main thread', '--vcpus 2 --main --storm 3000 --wait', 2, $n, 3);
	cycles('a storm', '--vcpus 2 --storm 200', 2, $n, 3);
	cycles('no kicks', '--vcpus 2', 2, $n, 3);
};

# What kvm-gdbserver is at when it is killed, and whether the VMM is sure to live. What runs armed may come to its breakpoint, or to the end of
# its step, before the guardian has it: then the VMM sees a debug exit, and this one ends by that.
my @states = (
	[ 'with no client', 1, sub { } ],
	[ 'with the VM stopped', 1, sub { client() } ],
	[ 'with the VM stopped and registers read', 1, sub {
		my $c = client();
		ask($c, 'g');
		ask($c, sprintf $reads, at('turns'));
	} ],
	[ 'with the VM running again', 1, sub {
		my $c = client();
		say_only($c, 'vCont;c');
		sleep 0.1;
	} ],
	[ 'with the VM stopped by Ctrl-C', 1, sub {
		my $c = client();
		run_on($c, 0.05);
	} ],
	[ 'behind steps', 1, sub {
		my $c = client();
		steps($c, 5, 1);
	} ],
	[ 'with a breakpoint that is set while the VM stands', 1, sub {
		my $c = client();
		point($c, 'Z0');
	} ],
	[ 'at a breakpoint', 1, sub {
		my $c = client();
		point($c, 'Z0');
		ask($c, 'vCont;c');
	} ],
	[ 'with a breakpoint that the guest meets all the time', 0, sub {
		my $c = client();
		ask($c, sprintf 'Z0,%x,1;X3,220027', at('turn')) eq 'OK' or point($c, 'Z0');
		say_only($c, 'vCont;c');
		sleep 0.1;
	} ],
	[ 'with a breakpoint where the guest never comes', 1, sub {
		my $c = client();
		point($c, 'Z0', 'main');
		say_only($c, 'vCont;c');
		sleep 0.1;
	} ],
	[ 'in the midst of steps', 0, sub {
		my $c = client();
		say_only($c, ('vCont;s:1') x 400);
		sleep 0.05 + rand 0.05;
	} ],
);

$parts{kill} = sub {
	for my $state (@states) {
		my ($name, $to_live, $does) = @$state;

		for my $i (1 .. $cycles) {
			start_victim('--vcpus 2 --storm 3000 --wait') if !victim_pid() || !is_alive(victim_pid()) || lives(100) ne '';
			start_server() or die 'not attached: ' . server_log();
			my $client = $does->();
			kill_server('KILL');
			my $wrong = lives(100);
			my $what = "kill -9 of kvm-gdbserver $name: the VMM lives" . ($i > 1 ? " ($i)" : '');
			ok($wrong eq '', $what . ($to_live ? '' : ' # TODO it may meet that before the guardian comes')) or diag($wrong);
			vanish($client) if ref $client;
		}
	}
};

# At any moment of attach, and of detach.
$parts{kill_any} = sub {
	my ($dead, $n) = (0, 10 * $cycles);

	start_victim('--vcpus 2 --storm 3000 --wait');
	sleep 0.3;
	for my $i (1 .. $n) {
		my $ms = 2 + rand 60;
		inside(sprintf '%s --attach :0 %d >/dev/null 2>&1 </dev/null & sleep %.3f; kill -9 $!', program(), victim_pid(), $ms / 1000);
		next if $i % 5;
		my $wrong = lives(1000);
		next if $wrong eq '';
		$dead++;
		diag("killed within $ms ms or before: $wrong");
		start_victim('--vcpus 2 --storm 3000 --wait');
		sleep 0.3;
	}
	ok($dead == 0, "kill -9 within 60 ms of the start, $n times: the VMM lives # TODO it may be in the midst of a call that it injects");
	start_server() or return ok(0, 'and can be attached to: ' . server_log());
	ok(1, '... and can be attached to');
	kill_server('TERM');
};

$parts{signals} = sub {
	start_victim('--vcpus 2 --storm 3000 --wait');
	for my $signal ([ 'TERM', 143 ], [ 'HUP', 129 ], [ 'INT', 130 ]) {
		my ($name, $status) = @$signal;

		for my $running (0, 1) {
			start_server() or die 'not attached: ' . server_log();
			my $c = client();
			steps($c, 2, 1);
			point($c, 'Z0');
			ask($c, 'vCont;c');
			say_only($c, 'vCont;c') if $running;
			my $is = kill_server($name);
			my $what = $running ? 'while it runs into a breakpoint' : 'at a breakpoint';
			ok($is eq $status, "SIG$name $what: exit status $status") or diag("it is $is: " . server_log());
			expect_victim('... and the VMM has seen nothing of it');
		}
	}
};

# --- the VMM

sub told_of_end {
	my ($c, $name, $pattern) = @_;
	my $reply = hear($c) // 'nothing';

	ok($reply =~ /^(?:$pattern)/, "$name: the client is told") or diag("it hears $reply");
	my $status = server_status(20);
	ok($status ne '', "$name: ... and kvm-gdbserver ends") or kill_server('KILL');
	diag("exit status $status; " . server_log());
}

$parts{ends} = sub {
	for my $how ([ 'exits', sub { ask_victim('exit 7') }, 'W07' ], [ 'is killed', sub { inside('kill -9 ' . victim_pid()) }, 'X09' ]) {
		my ($name, $does, $pattern) = @$how;

		start_victim('--vcpus 2');
		start_server() or die 'not attached: ' . server_log();
		my $c = client();
		say_only($c, 'vCont;c');
		sleep 0.1;
		$does->();
		told_of_end($c, "a VMM that $name while it runs", $pattern);

		start_victim('--vcpus 2');
		start_server() or die 'not attached: ' . server_log();
		$c = client();
		ask($c, 'g');
		$does->();
		sleep 0.2;
		say_only($c, 'vCont;c');
		told_of_end($c, "a VMM that $name while it is stopped", $pattern);

		start_victim('--vcpus 2');
		start_server() or die 'not attached: ' . server_log();
		$does->();
		my $status = server_status(20);
		ok($status ne '', "a VMM that $name with no client: kvm-gdbserver ends") or kill_server('KILL');
	}
};

$parts{stands} = sub {
	start_victim('--vcpus 2 --storm 3000 --wait');
	start_server() or die 'not attached: ' . server_log();
	my $pid = victim_pid();
	inside("kill -STOP $pid; sleep 0.2; kill -CONT $pid");
	expect_victim('SIGSTOP and SIGCONT of the VMM, attached: it goes on');
	my $c = client();
	say_only($c, 'vCont;c');
	inside("kill -STOP $pid; sleep 0.3; kill -CONT $pid");
	sleep 0.1;
	expect_victim('... with a client, while it runs');
	ok(is_stop(interrupt($c)), '... and Ctrl-C stops it');
	inside("kill -STOP $pid; sleep 0.2; kill -CONT $pid");
	ok(steps($c, 3, 1), 'SIGSTOP and SIGCONT while it is stopped: steps');
	ok(ask($c, 'D') eq 'OK', '... and detach');
	expect_victim('... and the VMM has seen nothing of it');
	inside("kill -STOP $pid");
	say_only($c = client() // { in => '' }, '?');
	inside("kill -CONT $pid");
	ok(is_stop(hear($c) // ''), 'a client that comes while it stands: the VM is stopped when it goes on');
	ask($c, 'D');
	ask_victim('pause');
	$c = client();
	ok(is_stop(ask($c, '?')) && length ask($c, 'g') > 100, "in the VMM's own pause: stopped, with registers");
	ok(ask($c, 'D') eq 'OK', '... detach');
	ask_victim('resume');
	expect_victim('... and it goes on when the VMM says so');
	kill_server('TERM');
};

$parts{changes} = sub {
	start_victim('--vcpus 2 --storm 3000 --wait');
	start_server() or die 'not attached: ' . server_log();
	ask_victim('threads 50');
	expect_victim('threads of the VMM come and go');
	my $child = ask_victim('fork');
	expect_victim('a fork of the VMM');
	my $c = client();
	ok(one_round($c, 2) eq '', '... and it can be debugged');
	ok(is_alive($child), '... and the child lives');
	inside("kill -9 $child");
	point($c, 'Z0');
	for my $change ('add', 'move', 'remove') {
		my $said = ask_victim("slot $change");
		ok($said =~ /^slot 7/, "slot $change, with a breakpoint set: the VMM can") or diag($said);
		my ($at) = $said =~ /at (0x[0-9a-f]+)/;
		my $reply = ask($c, 'vCont;c');
		ok((stopped_at($reply) // 0) == at('turn'), '... and the breakpoint is met') or diag($reply);
		my $memory = read_physical($c, hex($at // 0) + 0x10);
		ok($change eq 'remove' ? $memory =~ /^E/ : $memory =~ /^0/, "... and its memory is " . ($change eq 'remove' ? 'gone' : 'there')) or diag($memory);
	}
	goes_under_breakpoint($c);
	point($c, 'z0');
	ask($c, 'D');
	expect_victim('... and the VMM has seen nothing of it');
	ask_victim('exec');
	sleep 0.5;
	ok(is_alive(victim_pid()), 'an exec of the VMM: the new program lives');
	my $status = server_status(10);
	ok($status ne '', '... and kvm-gdbserver ends') or kill_server('KILL');
	diag("exit status $status; " . server_log());
};

# A slot that goes while the VM stands, with a breakpoint in it. The client leaves it set all the while.
sub goes_under_breakpoint {
	my ($c) = @_;
	no warnings "portable"; # addresses have 64 bits
	my ($gpa, $size, $there) = ask_victim('slot add') =~ /at (0x[0-9a-f]+) of (0x[0-9a-f]+) bytes is at (0x[0-9a-f]+)/;
	my ($place, $memory) = (hex($gpa) + 0x100, hex($there) + 0x100);
	my $map = monitor($c, 'memory-map');

	ok(monitor($c, 'memory-map refresh') =~ sprintf('0x%016x-', hex $gpa), 'a slot more while it stands: memory-map refresh has it') or diag($map);
	my $set = ask($c, sprintf 'Z0,%x,%d', $place, kind($c));
	return skip('a breakpoint in a slot that goes', "none can be set there: $set") if $set ne 'OK';
	ok(memory_of_victim($memory) ne '0' x 8, '... with a breakpoint in it');
	ask_victim('slot move');
	monitor($c, 'memory-map refresh');
	ok(memory_of_victim($memory) eq '0' x 8, '... it moves away, and is as it was');
	ok(read_physical($c, $place) =~ /^E/ && read_physical($c, $place + 2 * hex $size) eq '0' x 8, '... memory is where it is now');
	ask_victim('slot add');
	monitor($c, 'memory-map refresh');
	ok(stopped_at(ask($c, 'vCont;c')) == at('turn'), '... it comes back, and the guest goes on');
	ok(memory_of_victim($memory) ne '0' x 8, '... with the breakpoint in it again');
	ask_victim('slot remove');
	ok(monitor($c, 'memory-map refresh') !~ sprintf('0x%016x-', hex $gpa), '... it goes for good');
	ok(memory_of_victim($memory) eq '0' x 8, '... and is as it was');
	ok(ask($c, sprintf 'z0,%x,%d', $place, kind($c)) eq 'OK', '... the breakpoint is taken out');
}

# Four bytes at an address of the VMM's.
sub memory_of_victim {
	my ($at) = @_;

	return inside(sprintf 'dd if=/proc/%d/mem bs=4 skip=%d count=1 2>/dev/null | od -An -tx1 | tr -d " \n"', victim_pid(), $at / 4);
}

sub read_physical {
	my ($c, $at) = @_;

	return 'no physical memory' if ask($c, 'Qqemu.PhyMemMode:1') ne 'OK';
	my $memory = ask($c, sprintf 'm%x,4', $at);
	ask($c, 'Qqemu.PhyMemMode:0');
	return $memory;
}

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

# Another user's VMM, which root may debug.
$parts{users} = sub {
	start_victim('--vcpus 1 --uid 65534 --storm 3000 --wait');
	sleep 0.3;
	my $wrong = one_cycle(1, 2);
	ok($wrong eq '', "another user's VMM") or diag($wrong);
	expect_victim('... has seen nothing of it');
	as_nobody('true') eq 'status 0' or return skip("another user's VMM, by one who may not", 'there is no way to be another user');
	start_victim('--vcpus 1 --storm 3000 --wait');
	my $said = as_nobody('timeout 30 ' . program() . ' --attach :0 ' . victim_pid());
	ok($said =~ /^[^\n]*(permission|may not|user)[^\n]*\nstatus 1$/i, "a VMM of root's, by another user: refused") or diag($said);
	expect_victim('... and has seen nothing of it');
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

sub as_nobody {
	my ($command) = @_;
	my $how = inside('setpriv --reuid 65534 true 2>/dev/null; echo $?') eq '0' ?
		"setpriv --reuid 65534 --regid 65534 --clear-groups $command" : "su -s /bin/sh nobody -c '$command'";

	return inside("$how 2>&1 </dev/null; echo \"status \$?\"");
}

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

# The VM is made when its process is already attached to, or was refused.
$parts{later} = sub {
	start_victim('--vcpus 2 --later');
	refused('a VMM that has no VM yet', victim_pid(), 'VM');
	ask_victim('create');
	sleep 0.3;
	my $wrong = one_cycle(2, 1);
	ok($wrong eq '', '... and has one') or diag($wrong);
	expect_victim('... and has seen nothing of it');
};

my @all = qw(cycles kill kill_any signals ends stands changes refused users rights seccomp later);
for my $part ($ENV{PARTS} ? split ' ', $ENV{PARTS} : @all) {
	diag("--- $part");
	eval { $parts{$part}->(); 1 } or ok(0, "$part: $@");
}
finish();
