# SPDX-License-Identifier: BSD-2-Clause
# kill -9 of kvm-gdbserver, TIMES times in each state that it may be in, at a moment of chance: how many of the VMMs die. STATES are some of the
# states. Some more are looked at by the VMM itself, which takes a processor for that: how long nobody has a vCPU's thread, in which what is armed
# may reach it, and how long a breakpoint is in then; and how long a thread's signals are blocked, while the one of ours is made by way of it.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use attach_rig qw(processes);
use Time::HiRes qw(sleep time);

my $times = $ENV{TIMES} // 100;

# The guardian of this server's, and of no other's.
sub guardian { return processes(parent => server_pid(), name => 'kvm-guardian') }

# Set, with these conditions; the VM runs.
sub runs_with {
	my ($where, $condition, $times) = @_;
	my $c = client() or return;

	ask($c, sprintf 'Z0,%x,%d%s', at($where), kind($c), $condition // '');
	say_only($c, ('vCont;c') x ($times // 1));
	return $c;
}

# Its name; how many of a hundred VMMs may die; what brings it there, with a client to be closed; and how it is ended. Where both are killed a VMM
# lives that stands. How many die in what may die depends on what else the computer does.
my @states = (
	[ stopped => 0, sub { client() } ],
	[ running => 0, sub { my $c = client(); say_only($c, 'vCont;c'); $c } ],
	[ never_met => 0, sub { runs_with('main') } ],
	[ met => 20, sub { runs_with('turn', '', 1000) } ],
	[ condition_false => 75, sub { runs_with('turn', ';X3,220027') } ],
	[ stepping => 20, sub { my $c = client(); say_only($c, ('vCont;s:1') x 1000); $c } ],
	[ beginning => 0, undef, \&kill_beginning ],
	[ guardian_first => 0, sub { client() }, sub { inside('kill -9 ' . guardian()); kill_server('KILL') } ],
	[ guardian_at_work => 75, sub { runs_with('turn', ';X3,220027') }, sub {
		inside('kill -9 ' . server_pid() . '; ' . sprintf('sleep %.3f;', 0.001 * int rand 10) . ' kill -9 ' . guardian());
	} ],
);

# Within 60 ms of its start.
sub kill_beginning {
	inside(sprintf '%s --attach :0 %d >/dev/null 2>&1 </dev/null & sleep %.4f; kill -9 $!', program(), victim_pid(), 0.002 + rand 0.06);
}

sub has_tracer { return inside('grep -h TracerPid: /proc/' . victim_pid() . '/task/*/status 2>/dev/null') =~ /TracerPid:\s+[1-9]/ }

# Until nobody traces the VMM any more, in ms.
sub until_free {
	my $from = time;

	sleep 0.002 while has_tracer() && time - $from < $patience;
	return 1000 * (time - $from);
}

sub ready {
	my ($does) = @_;

	start_victim('--vcpus 2 --storm 3000 --wait') if !victim_pid() || !is_alive(victim_pid());
	return 1 if !$does;
	start_server() or die 'not attached: ' . server_log();
	my $client = $does->();
	sleep 0.02 + rand 0.05;
	return $client;
}

sub once {
	my ($does, $ends, $may_stand) = @_;
	my $client = ready($does);

	$ends ? $ends->() : kill_server('KILL');
	my $ms = until_free();
	sleep 0.05;
	my $wrong = !is_alive(victim_pid()) ? inside("tail -n 1 /tmp/attach.$$/vmm") : $may_stand ? '' : lives(100000);
	vanish($client) if ref $client;
	end_victim() if $wrong ne '' || $may_stand;
	return ($wrong, $ms);
}

# What the VMM sees of it, in microseconds, if it lives: by name.
sub once_watched {
	my ($does, $ends) = @_;
	my $client = ready($does);

	ask_victim(sprintf 'watch %#x', at('turn'));
	$ends ? $ends->() : kill_server('KILL');
	until_free();
	sleep 0.05;
	my %times = is_alive(victim_pid()) ? ask_victim('watched') =~ /(\w+)=(-?\d+)/g : ();
	vanish($client) if ref $client;
	end_victim() if !%times;
	return \%times;
}

sub spread {
	my ($what, @times) = @_;

	@times = sort { $a <=> $b } @times;
	return sprintf '%s %.0f us (median), %.0f (worst)', $what, $times[@times / 2], $times[-1];
}

my %meaning = (
	free => 'nobody has a thread for',
	planted => '... and the breakpoint is in for',
	blocked => 'a thread is on our way for'
);

sub watch_some {
	my ($name, $does, $ends) = @_;
	my @seen = map { once_watched($does, $ends) } 1 .. 1 + $times / 5;

	for my $what ($does ? qw(free planted) : 'blocked') {
		my @times = grep { $_ > ($what eq 'planted' ? -1 : 0) } map { $_->{$what} // -1 } @seen;
		diag("$name: " . spread($meaning{$what}, @times) . ', seen ' . @times . ' of ' . @seen . ' times') if @times;
	}
}

for my $state (@states) {
	my ($name, $allowed, $does, $ends) = @$state;
	my ($dead, @ms) = (0);

	next if $ENV{STATES} && " $ENV{STATES} " !~ / $name /;
	for (1 .. $times) {
		my ($wrong, $ms) = once($does, $ends, $name =~ /^guardian/);
		push @ms, $ms;
		diag("$name: $wrong") if $wrong ne '' && !$dead++;
	}
	diag("$name: $dead of $times VMMs died; nobody traces it any more " . spread('after', map { 1000 * $_ } @ms));
	watch_some($name, $does, $ends) if $name !~ /^guardian/;
	ok($dead * 100 <= $allowed * $times, "kill -9, $name: at most $allowed of 100 VMMs die");
}
finish();
