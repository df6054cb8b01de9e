# SPDX-License-Identifier: BSD-2-Clause
# kvm-gdbserver COMM -- VMM: the VMM of tests/attach, which knows of no debugger, is started, and its guest has executed nothing when the first
# client comes. What ends it, what it outlives, and what is told of it.
#
# See attach_rig.pm. PARTS are some of the parts.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use attach_rig qw(processes);
use Time::HiRes qw(sleep time);

my $pc = $ENV{ARCH} eq 'x86_64' ? '10' : '20';
my $all_begin = $ENV{ARCH} eq 'x86_64' || $ENV{ARCH} eq 'powerpc'; # the others' are off before one is told where to begin

sub is_stop { return $_[0] =~ /^T(05|02|00|13)/ }

sub launched {
	my ($options, %how) = @_;

	start_launched(launched_command($options), %how) or die 'not launched: ' . server_log();
}

sub pc_of {
	my ($c, $thread) = @_;

	ask($c, "Hg$thread");
	my $value = ask($c, "p$pc");
	return $value =~ /^[0-9a-f]{16}$/ ? unpack 'Q<', pack 'H*', $value : undef;
}

# To turn() by a breakpoint, and steps there; or what is wrong.
sub session_works {
	my ($c) = @_;

	point($c, 'Z0') eq 'OK' or return 'no breakpoint';
	for (1 .. 2) {
		my $reply = ask($c, 'vCont;c');
		is_stop($reply) && (stopped_at($reply) // 0) == at('turn') or return "a hit: $reply";
	}
	point($c, 'z0') eq 'OK' or return 'a breakpoint that is not removed';
	for (1 .. 3) {
		my $reply = ask($c, 'vCont;s:1');
		is_stop($reply) or return "a step: $reply";
	}
	return '';
}

sub has_gone {
	my ($pid) = @_;

	return comes_true { !is_alive($pid) };
}

my %parts;

sub begins {
	my ($vcpus) = @_;

	launched("--vcpus $vcpus");
	my $report = ask_victim('report');
	ok($report =~ / exits=0 .* eintr=0 /, "$vcpus vCPUs: before a client comes nothing was executed") or diag($report);
	my $c = client();
	ok(is_stop(ask($c, '?')) && ask($c, 'qAttached') eq '0', '... it is stopped, and was started for this');
	my @at = grep { my $is = pc_of($c, $_); !defined $is || $is != at('_start') } 1 .. ($all_begin ? $vcpus : 1);
	ok(!@at, '... at its entry') or diag(map { sprintf 'thread %d: %x', $_, pc_of($c, $_) // 0 } @at);
	my $wrong = session_works($c);
	ok($wrong eq '', '... breakpoints and steps work') or diag($wrong);
	ok(ask($c, 'D') eq 'OK', '... detach');
	vanish($c);
	expect_victim('... the VMM goes on, and has seen nothing of it');
	$c = client();
	$wrong = session_works($c);
	ok($wrong eq '', '... and who comes again debugs it') or diag($wrong);
	my $pid = victim_pid();
	ok(ask($c, 'vKill;1') eq 'OK', '... kill is accepted');
	vanish($c);
	ok(server_status() eq '0' && has_gone($pid), '... and ends the VMM, and the server with status 0') or diag(server_log());
}

# A vCPU comes to its first run a second after the other one, as on a computer that has no time for it.
sub begins_slowly {
	my $by = without_bpf() // return skip('a vCPU whose thread takes its time', 'whether it was waited for cannot be seen here');

	launched('--vcpus 2 --spins 1500', by => $by);
	my $report = ask_victim('report');
	ok($report =~ / exits=0 .* eintr=0 /, 'a vCPU whose thread takes its time: nothing was executed') or diag($report);
	my $c = client();
	my $map = monitor($c, 'memory-map');
	ok($map =~ /before the guest began$/m, '... and it was waited for') or diag($map);
	my $wrong = session_works($c);
	ok($wrong eq '', '... breakpoints and steps work') or diag($wrong);
	kill_server('TERM');
}

$parts{begin} = sub {
	begins($_) for 1, 2, 8;
	begins_slowly();
};

# [what is told, by the VMM's exit, our status]
$parts{status} = sub {
	for ([ 'exit 0', 'W00', 0 ], [ 'exit 7', 'W07', 7 ]) {
		my ($command, $reply, $status) = @$_;
		launched('--vcpus 2');
		my $c = client();
		say_only($c, 'vCont;c');
		sleep 0.1;
		ask_victim($command);
		my $told = hear($c) // 'nothing';
		ok($told =~ /^$reply/, "$command of the VMM is told as $reply") or diag($told);
		ok(server_status() eq $status, "... and is our status, $status") or diag(server_log());
	}
	launched('--vcpus 2');
	my $c = client();
	say_only($c, 'vCont;c');
	sleep 0.1;
	inside('kill -KILL ' . victim_pid());
	my $told = hear($c) // 'nothing';
	ok($told =~ /^X09/, 'SIGKILL of the VMM is told') or diag($told);
	ok(server_status() eq '137', '... and is our status') or diag(server_log());
	launched('--vcpus 2');
	inside('kill -KILL ' . victim_pid());
	ok(server_status() eq '137', 'a VMM that is killed before a client comes ends us as well') or diag(server_log());
};

sub fails {
	my ($name, $command, $pattern, $status) = @_;
	my $output = inside("timeout $patience " . program() . " :0 -- $command 2>&1 </dev/null; echo \"status \$?\"");

	ok($output =~ /^kvm-gdbserver: [^\n]*(?:$pattern)[^\n]*\nstatus $status$/m, $name) or diag($output);
}

$parts{fails} = sub {
	fails('a program that is not there', '/nonexistent/vmm --option', 'No such file', 127);
	fails('one that is none', '/proc/version', 'Permission denied', 126);
	fails('one that ends without a VM', "sh -c 'exit 3'", 'status 3, before it had a VM', 3);
	fails('one that is killed', "sh -c 'kill -9 \$\$'", 'signal 9', 137);
};

# The VM is whoever's calls KVM_RUN.
$parts{wrappers} = sub {
	my $command = launched_command('--vcpus 2');
	my $c;

	start_launched("sh -c \"true; exec $command\"") or die server_log();
	$c = client();
	my $wrong = session_works($c);
	ok($wrong eq '', 'a script that executes the VMM') or diag($wrong);
	ok(ask($c, 'vKill;1') eq 'OK' && server_status() eq '0', '... and kill');

	start_launched("sh -c \"sleep 60 & $command; exit 9\"") or die server_log();
	my $script = victim_pid();
	$c = client();
	$wrong = session_works($c);
	ok($wrong eq '', 'a script that has the VMM for a child, and another one') or diag($wrong);
	say_only($c, 'vCont;c');
	ask_victim('exit 5');
	my $told = hear($c) // 'nothing';
	ok($told =~ /^W05/, '... the end is the VMM\'s') or diag($told);
	ok(server_status() eq '9' && has_gone($script), '... and the status is that of what was started') or diag(server_log());
	inside('kill ' . processes(group => $script) . ' 2>/dev/null');
};

$parts{signals} = sub {
	my ($c, $pid);

	for my $signal ('TERM', 'HUP') {
		launched('--vcpus 2');
		$pid = victim_pid();
		my $status = kill_server($signal);
		ok($status eq ($signal eq 'TERM' ? '143' : '129') && has_gone($pid), "SIG$signal to us ends the VMM") or diag($status, server_log());
	}
	launched('--vcpus 2');
	kill_server('KILL');
	expect_victim('SIGKILL to us before the first client: the VMM lives', 100);
	end_victim();

	launched('--vcpus 2 --storm 3000 --wait');
	$c = client();
	say_only($c, 'vCont;c');
	sleep 0.1;
	kill_server('KILL');
	expect_victim('... while the guest runs: it lives', 100);
	vanish($c);
	end_victim();

	launched('--vcpus 2', options => '--once');
	$c = client();
	ok(ask($c, 'D') eq 'OK', '--once: detach');
	vanish($c);
	ok(server_status() eq '0', '... we end');
	expect_victim('... and the VMM lives');
};

# What a VMM says of itself that no server was seen to start.
sub reports {
	my ($pid) = @_;
	my $dir = "/tmp/attach.$$";

	return inside("timeout 10 sh -c 'echo report >$dir/ask; read -r line <$dir/answer; echo \"\$line\"' 2>/dev/null");
}

# Killed at any moment of the start, the VMM goes on, or has ended, and does not stand.
$parts{kill_any} = sub {
	my $wrong = '';
	my ($dead, $lives) = (0, 0);

	for (1 .. 4 * ($ENV{CYCLES} // 1)) {
		my $seconds = 0.02 + rand 0.28;
		my $command = launched_command('--vcpus 2');
		my $pid = inside(sprintf 'cd /tmp; %s :0 -- %s >/tmp/launch.%d 2>&1 </dev/null & sleep %.3f; kill -9 $!; sleep 0.05;
			sed -n "s/.*pid = //p" /tmp/launch.%d; rm -f /tmp/launch.%d', program(), $command, $$, $seconds, $$, $$);
		# Its number was not told yet; but it may be there.
		if ($pid !~ /^\d+$/) {
			inside("for p in /proc/[0-9]*; do tr '\\0' ' ' <\$p/cmdline | grep -q ' /tmp/attach[.]$$ ' && kill -9 \${p#/proc/}; done 2>/dev/null");
			next;
		}
		if (!is_alive($pid)) {
			$dead++;
			next;
		}
		my ($first, $then, $goes_on);
		comes_true {
			sleep 0.1;
			$then = reports($pid);
			$first //= $then =~ / exits=(\d+)/ ? $1 : undef;
			$goes_on = $then =~ / exits=(\d+)/ && $1 > $first;
			$goes_on || !is_alive($pid)
		};
		if ($goes_on) {
			$lives++;
		} elsif (is_alive($pid)) {
			$wrong ||= sprintf 'killed at %.3f s: %s', $seconds, $then;
		}
		inside("kill -9 $pid");
	}
	diag("the VMM lived $lives times, and ended $dead times");
	ok($wrong eq '', 'kill -9 of us while it starts: the VMM does not stand there for ever') or diag($wrong);
};

$parts{filter} = sub {
	launched('--vcpus 2 --seccomp');
	my $c = client();
	my $wrong = session_works($c);
	ok($wrong eq '', 'a VMM under a seccomp filter') or diag($wrong);
	ok(ask($c, 'D') eq 'OK', '... detach');
	vanish($c);
	expect_victim('... and it lives');
	kill_server('TERM');
};

# Where the guest's memory is is known from the VMM's own calls, where the kernel tells nobody: slots.c has what they are here.
sub begins_with_slots {
	my ($c) = @_;
	my $map = monitor($c, 'memory-map');
	my @lines = grep { length } split /\n/, $map;
	my ($ram) = map { hex } $map =~ /^0x([0-9a-f]+)/;
	my @bytes = map { read_physical($c, $ram + 0x20000000 + $_ * 0x200000 + 0xffffc) } 0 .. 5;

	ok(@lines == 4 && 4 == grep({ /  rw  set by the VMM before the guest began$/ } @lines), 'without BPF: four slots, as the VMM has set them') or diag($map);
	ok("@bytes[1, 2, 4]" eq '14141414 15151515 18181818',
		'... one that was moved, one of another thread, and one by the other request, with their memory') or diag("@bytes");
	ok(3 == grep({ /^E/ } @bytes[0, 3, 5]), '... and nothing where one was, where one was removed, and where another VM has one') or diag("@bytes");
}

# While the guest runs, with a breakpoint or without: what the VMM does to a slot then, by a vCPU's thread or another one; and is it seen?
sub changes_slot {
	my ($c, $command, $how) = @_;

	say_only($c, 'vCont;c');
	my $said = ask_victim("$command $how");
	interrupt($c);
	my ($at) = $said =~ /at 0x([0-9a-f]+)/ or return $said;
	return read_physical($c, hex($at) + 0x10) =~ /^0{8}$/ ? 'there' : 'not there';
}

$parts{memory} = sub {
	my $by = without_bpf() // return skip('memory without BPF', 'a file cannot be hidden here');

	launched('--vcpus 2 --slots', by => $by);
	my $c = client();
	begins_with_slots($c);
	my $wrong = session_works($c);
	ok($wrong eq '', '... breakpoints and steps work') or diag($wrong);
	ok(point($c, 'Z0', '_start') eq 'OK', '... with a breakpoint that is not met');
	my @seen = map { changes_slot($c, 'vcpu-slot', $_) } qw(add move remove);
	ok("@seen" eq 'there there not there', "... a vCPU's thread adds a slot, moves and removes it: that is seen") or diag("@seen");
	my $says = monitor($c, 'memory-map refresh');
	ok($says =~ /what KVM refuses|what it changes later/, '... memory-map refresh knows more, or says that it does not') or diag($says);
	point($c, 'z0', '_start');
	ok(ask($c, 'D') eq 'OK', '... detach');
	vanish($c);
	expect_victim('... the VMM has seen nothing of it');
	kill_server('TERM');
};

# As Debian has it. With -S its vCPUs are there and do not run; with -daemonize the VM is in a child that outlives what was started.
$parts{qemu} = sub {
	my $qemu = 'qemu-system-x86_64';

	return skip('QEMU', 'it is not installed') if inside("command -v $qemu") eq '';
	for my $option ('', '-S', '-daemonize') {
		my $name = "$qemu $option";
		start_launched("$qemu -machine pc -accel kvm -smp 2 -m 64 -nodefaults -display none $option") or do {
			ok(0, "$name is started");
			diag(server_log());
			next;
		};
		my $c = client();
		ok(is_stop(ask($c, '?')) && !(grep { (pc_of($c, $_) // 0) != 0xfff0 } 1, 2), "$name: its vCPUs are where they begin")
			or diag(map { sprintf 'thread %d: %x', $_, pc_of($c, $_) // 0 } 1, 2);
		my $reply = ask($c, $option eq '-S' ? '?' : 'vCont;s:1');
		ok(is_stop($reply), '... and can be stepped') or diag($reply);
		ok(ask($c, 'vKill;1') eq 'OK' && server_status() eq '0', '... kill') or diag(server_log());
		ok(inside("pgrep -f '[k]vm -smp 2 -m 64 -nodefaults'") eq '', '... of which nothing is left');
	}
};

# Ctrl-C at a terminal is the VMM's.
$parts{terminal} = sub {
	return skip('Ctrl-C at the terminal', 'there is no script(1)') if inside('command -v script') eq '';
	my $command = launched_command('--vcpus 1');
	# Its standard input is there until it has ended.
	my $output = inside('cd /tmp; rm -f launch.over; (wait_for() { for i in $(seq 600); do grep -qs "$1" "$2" && break; sleep 0.1; done; }
		wait_for Listening launch.tty; sleep 0.3; printf "\003"; wait_for over launch.over) |
		timeout 120 script -qefc "' . program() . " :0 -- $command; status=\\\$?; echo over >launch.over; exit \\\$status\" launch.tty >/dev/null 2>&1
		echo \"status \$?\"; rm -f launch.tty launch.over");
	ok($output =~ /^status 130$/m, 'Ctrl-C at the terminal is the VMM\'s, which ends by it') or diag($output);
};

my @default = qw(begin status fails wrappers signals kill_any filter memory);
push @default, qw(terminal qemu) if is_own();

for my $part (split ' ', $ENV{PARTS} // "@default") {
	my $from = time;

	$parts{$part}->();
	diag(sprintf '%s: %.1f s', $part, time - $from);
}
finish();
