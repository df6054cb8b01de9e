# SPDX-License-Identifier: BSD-2-Clause
# A VMM that is attached to goes on as if nobody were there: it counts what its guest does, and each kick. Cycles of attach and detach, with
# pauses, steps and breakpoints; a kvm-gdbserver that is killed whatever it is at; a VMM that ends, stands, forks and executes.
#
# See attach_rig.pm. PARTS are some of the parts, CYCLES how often what is done again and again is done.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use attach_rig qw(processes is_stop steps hits run_on one_round one_cycle cycles starts_multi);
use Time::HiRes qw(sleep time);

my $cycles = $ENV{CYCLES} // 1;
my $reads = 'm%x,8';

# --- the parts

my %parts;

$parts{cycles} = sub {
	for my $style (@attach_rig::styles) {
		my ($name, $options, $vcpus, $rounds) = @$style;

		start_victim($options);
		sleep 0.3;
		expect_victim("$name: by itself the VMM counts");
		cycles($name, 2 * $cycles, $rounds, sub { one_cycle($vcpus, $rounds) });
	}
};

# What kvm-gdbserver is at when it is killed, and whether the VMM is sure to live. What runs armed may come to its breakpoint, or to the end of
# its step, before the guardian has it: then the VMM sees a debug exit, which the README names, and this one ends by that and by nothing else.
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
			my $ended = !$to_live && $wrong ne '' && ended_by_debug_exit();
			my $what = "kill -9 of kvm-gdbserver $name: the VMM lives" . ($to_live ? '' : ', or sees a debug exit') . ($i > 1 ? " ($i)" : '');
			ok($wrong eq '' || $ended, $what) or diag($wrong);
			diag('it has seen a debug exit') if $ended;
			vanish($client) if ref $client;
		}
	}
};

# What it has set to cut KVM_RUN short is taken back, at whatever moment it is killed; also before it has found anybody. The guardian does so before
# it looks at anything else: one moment of each kind will do.
$parts{immediate} = sub {
	for my $state (grep { $_->[0] =~ /^(?:with no client|with the VM (?:stopped|running again)|in the midst of steps)$/ } @states) {
		my ($name, $to_live, $does) = @$state;

		start_victim('--vcpus 2 --storm 3000 --wait');
		start_server() or die 'not attached: ' . server_log();
		my $client = $does->();
		ask_victim('immediate');
		kill_server('KILL');
		my $wrong = lives(100, 100);
		ok($wrong eq '' || (!$to_live && ended_by_debug_exit()), "kill -9 $name: the guardian takes our immediate_exit back") or diag($wrong);
		vanish($client) if ref $client;
	}
	start_victim('--vcpus 2 --storm 3000 --wait');
	ask_victim('pause');
	ask_victim('immediate');
	ask_victim('vfork 600');
	my $pid = inside(program() . ' --attach :0 ' . victim_pid() . ' >/dev/null 2>&1 </dev/null & echo $!');
	ok(comes_true { processes(parent => $pid, name => 'kvm-guardian') ne '' }, 'there is a guardian before a thread has been found');
	inside("kill -9 $pid " . processes(parent => victim_pid()));
	ask_victim('resume');
	expect_victim('kill -9 meanwhile: it takes our immediate_exit back', 100);
};

# At any moment of attach, and of detach.
$parts{kill_any} = sub {
	my ($dead, $n) = (0, 10 * $cycles);

	start_victim('--vcpus 2 --storm 3000 --wait');
	sleep 0.3;
	for my $i (1 .. $n) {
		my $ms = 2 + rand 120;
		inside(sprintf '%s --attach :0 %d >/dev/null 2>&1 </dev/null & sleep %.3f; kill -9 $!', program(), victim_pid(), $ms / 1000);
		next if $i % 5;
		my $wrong = lives(1000);
		next if $wrong eq '';
		$dead++;
		diag("killed within $ms ms or before: $wrong");
		start_victim('--vcpus 2 --storm 3000 --wait');
		sleep 0.3;
	}
	ok($dead == 0, "kill -9 within 120 ms of the start, $n times: the VMM lives");
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
	my $status = server_status();
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
		my $status = server_status();
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
	stands_for_long($c, $pid) if $ENV{ARCH} ne 'x86_64'; # whose registers are in kvm_run
	ask($c, 'D');
	ask_victim('pause');
	$c = client();
	my ($stop, $registers) = (ask($c, '?'), ask($c, 'g'));
	ok(is_stop($stop) && length $registers > 100, "in the VMM's own pause: stopped, with registers") or diag($stop, $registers);
	ok(ask($c, 'D') eq 'OK', '... detach');
	ask_victim('resume');
	expect_victim('... and it goes on when the VMM says so');
	kill_server('TERM');
};

# For longer than what is asked of the VMM is waited for: so it takes its time.
sub stands_for_long {
	my ($c, $pid) = @_;

	inside("kill -STOP $pid");
	ask($c, 'Hg2'); # with whose registers the stop has not come
	my $reply = ask($c, 'g');
	ok($reply =~ /^E.*stopped/, 'what needs the VMM while it stands for long: refused with the reason') or diag($reply);
	inside("kill -CONT $pid");
	ok(length ask($c, 'g') > 100 && steps($c, 3, 1), '... and goes when it goes on');
}

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
	my $is_told = monitor($c, 'memory-map') =~ /--ram/;
	for my $change ('add', 'move', 'remove') {
		my $said = ask_victim("slot $change");
		ok($said =~ /^slot 7/, "slot $change, with a breakpoint set: the VMM can") or diag($said);
		my ($at) = $said =~ /at (0x[0-9a-f]+)/;
		my $reply = ask($c, 'vCont;c');
		ok((stopped_at($reply) // 0) == at('turn'), '... and the breakpoint is met') or diag($reply);
		next if $is_told;
		my $memory = read_physical($c, hex($at // 0) + 0x10);
		ok($change eq 'remove' ? $memory =~ /^E/ : $memory =~ /^0/, "... and its memory is " . ($change eq 'remove' ? 'gone' : 'there')) or diag($memory);
	}
	$is_told ? skip('memory of slots that come and go', 'what --ram tells stays') : goes_under_breakpoint($c);
	point($c, 'z0');
	ask($c, 'D');
	expect_victim('... and the VMM has seen nothing of it');
	ask_victim('exec');
	sleep 0.5;
	ok(is_alive(victim_pid()), 'an exec of the VMM: the new program lives');
	my $status = server_status();
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
	return skip('a breakpoint in a slot that goes', 'a debug register is used there') if memory_of_victim($memory) eq '0' x 8;
	ok(1, '... with a breakpoint in it');
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

# A thread that cannot be stopped for a while is waited for, but not by one who is told to end.
$parts{patience} = sub {
	start_victim('--vcpus 1 --storm 3000 --wait');
	ask_victim('pause');
	ask_victim('vfork 600');
	my $said = inside('timeout -s TERM 2 ' . program() . ' --attach :0 ' . victim_pid() . ' 2>&1 </dev/null');
	my $waits = inside('kill -9 ' . processes(parent => victim_pid()) . '; echo $?') eq '0';
	ok($said =~ /signal/ && $waits, 'a thread that does not stop is waited for, but not any more after SIGTERM') or diag($said);
	ask_victim('resume');
	expect_victim('... and the VMM has seen nothing of it');
};

# A vCPU whose thread has been found does not stand while others are looked for; nor does it matter how many threads there are besides.
$parts{search} = sub {
	start_victim('--vcpus 2');
	sleep 0.3;
	ask_victim('entangle exits');
	my $c = starts_multi() or die 'no server: ' . server_log();
	my $stop = ask($c, sprintf 'vAttach;%x', victim_pid());
	ok(is_stop($stop), 'attach, which stops the VM, with a vCPU that waits for another one') or diag($stop);
	my $entangled = ask_victim('entangle');
	ok($entangled eq 'not entangled', 'a vCPU that is found runs on until the others are, however long these take') or diag($entangled);
	ask($c, 'D');
	kill_server('TERM');
	expect_victim('... and the VMM has seen nothing of it');

	start_victim('--vcpus 2 --sleep 200 --idlers 100 --storm 3000 --wait');
	for my $i (1 .. 2 * $cycles) {
		start_server() or die 'not attached: ' . server_log();
		my $c = client();
		ok(threads($c) eq '1 2' && steps($c, 3, 1) && steps($c, 3, 2), 'a hundred threads that sleep, and two vCPUs that do most of the time: both are found');
		is_traced(2) or ok(0, '... and nobody else is kept');
		ask($c, 'D');
		kill_server('TERM');
	}
	expect_victim('... and the VMM has seen nothing of it');
	diag(ask_victim('report'));
};

# A vCPU that serves an exit until another one, which stands, has got further: its thread does not come to KVM_RUN, and is stopped where it is.
$parts{entangled} = sub {
	start_victim('--vcpus 2');
	start_server() or die 'not attached: ' . server_log();
	my $c = client();
	is_stop(ask($c, '?')) or die 'no stop at first';
	say_only($c, 'vCont;c:2');
	my $entangled = ask_victim('entangle lock');
	ok($entangled eq 'entangled', 'one vCPU runs alone, and has what the other one needs, until that waits for it') or diag($entangled);
	my $stop = interrupt($c);
	ok(is_stop($stop), '... Ctrl-C: it is stopped in the midst of its exit') or diag($stop);
	ask($c, 'Hg2');
	ok(length ask($c, 'g') > 100, '... with registers');
	$entangled = ask_victim('entangle');
	ok($entangled eq 'entangled', '... and still has it') or diag($entangled);
	my $wrong = run_on($c, 0.1);
	$entangled = ask_victim('entangle');
	ok($wrong eq '' && $entangled eq 'not entangled', '... both go on, and are rid of each other') or diag("$wrong; $entangled");
	ok(steps($c, 2, 1) && steps($c, 2, 2), '... steps');
	ask($c, 'D');
	expect_victim('... and the VMM has seen nothing of it');
	kill_server('TERM');
};

# So many of its threads and no more, but for the one that calls are made through where there is a filter.
sub is_traced {
	my ($n) = @_;
	my $traced = inside('grep -h TracerPid: /proc/' . victim_pid() . '/task/*/status 2>/dev/null | grep -vc ":[[:space:]]*0$"');

	diag("$traced threads are traced") if $traced != $n;
	return $traced == $n;
}

# A vCPU that the VMM makes while it is attached to is noticed at a stop, and one whose thread ends.
$parts{plugs} = sub {
	start_victim('--vcpus 2 --storm 3000 --wait');
	start_server() or die 'not attached: ' . server_log();
	my $c = client();
	is_stop(ask($c, '?'));
	ok(threads($c) eq '1 2', 'two vCPUs');
	run_on($c, 1.1);
	my $said = plug();
	return skip('a vCPU more', "this kernel's KVM: $said") if $said ne 'plug: done';
	expect_victim_running($c, 3, 'a vCPU more, while it is attached to: all run');
	my $wrong = run_on($c, 1.1);
	ok($wrong eq '' && threads($c) eq '1 2 3', '... at the next stop it is a thread') or diag($wrong . ' ' . threads($c) . "\n" . server_log());
	ask($c, 'Hg3');
	ok(length ask($c, 'g') > 100, '... with registers');
	ok(steps($c, 3, 3), '... it steps');
	ask_victim('report');
	sleep 0.1;
	ok(ask_victim('report') =~ / running=0\/3 /, '... it stands with the others');
	ok(one_round($c, 3) eq '', '... steps, breakpoints, pauses');
	ask($c, 'D');
	expect_victim('... detached: the VMM has seen nothing of it');
	$c = client();
	is_stop(ask($c, '?'));
	say_only($c, 'vCont;c');
	sleep 0.1;
	ask_victim('unplug 1');
	sleep 0.5;
	my $stop = interrupt($c);
	ok(is_stop($stop) && threads($c) eq '1 3', 'a thread of a vCPU ends: the others go on, and are there') or diag($stop . ' ' . threads($c));
	ok(server_log() =~ /vCPU 1: .*has ended/, '... which is said');
	ok(one_round($c, 1) eq '', '... steps, breakpoints, pauses');
	ask($c, 'D');
	expect_victim('... detached: the VMM has seen nothing of it');
	kill_server('TERM');
	expect_victim('... and left');

	start_victim('--vcpus 2 --storm 3000 --wait');
	start_server() or die 'not attached: ' . server_log();
	$c = client();
	ask($c, 'QThreadEvents:1');
	plug();
	run_on($c, 1.1);
	$stop = ask($c, 'vCont;c');
	ok($stop =~ /^T05thread:(p1\.)?3;create:;/, 'a vCPU more, of which the client wants to be told: it is, when it lets that go') or diag($stop);
	ask($c, 'QThreadEvents:0');
	ok(threads($c) eq '1 2 3' && point($c, 'Z0') eq 'OK', 'a vCPU more, and a breakpoint');
	kill_server('KILL');
	my $dead = lives(100);
	ok($dead eq '', '... kill -9 of kvm-gdbserver: the guardian knows of it') or diag($dead);
	vanish($c);
};

# A vCPU more, which on riscv64 begins where those do that the guest starts.
sub plug { return ask_victim(join ' ', 'plug', at('begin_cpu') // ()) }

sub threads {
	my ($c) = @_;
	my $list = ask($c, 'qfThreadInfo');

	$list =~ s/^m//;
	return join ' ', map { s/^p[0-9a-f]+\.//r } split /,/, $list;
}

# The client waits for a stop meanwhile.
sub expect_victim_running {
	my ($c, $n, $name) = @_;

	say_only($c, 'vCont;c');
	expect_victim($name);
	ok(is_stop(interrupt($c)), '... and Ctrl-C stops it');
}

my @all = qw(cycles search entangled kill immediate kill_any signals ends stands changes plugs patience);
for my $part ($ENV{PARTS} ? split ' ', $ENV{PARTS} : @all) {
	my $from = time;

	eval { $parts{$part}->(); 1 } or ok(0, "$part: $@");
	diag(sprintf '%s: %.1f s', $part, time - $from);
}
finish();
