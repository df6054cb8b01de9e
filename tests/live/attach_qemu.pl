# SPDX-License-Identifier: BSD-2-Clause
# QEMU, unmodified: kvm-gdbserver attaches to it while its guest prints numbers on the console. None is missing after pauses, steps and
# breakpoints, while QEMU's monitor is asked for registers all the time; QEMU's own stub says of each register what ours says.
#
# See attach_rig.pm. QEMU is its command, MONITOR where its monitor is reached from here, SEQUENCE the guest's symbols.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use IO::Socket::INET;
use POSIX qw(_exit);
use Time::HiRes qw(sleep time);

my $rounds = 10 * ($ENV{CYCLES} // 1);
my $serial = "/tmp/attach-serial.$$";
my $qemu = inside("{ $ENV{QEMU} -serial file:$serial >$serial.err 2>&1 </dev/null & echo \$!; }");

# --- its monitor

sub monitor {
	my $said = '';

	for (1 .. 100) {
		my $m = IO::Socket::INET->new($ENV{MONITOR});
		return $m if $m && defined monitor_prompt($m);
		sleep 0.1;
	}
	return undef;
}

sub monitor_prompt {
	my ($m) = @_;
	my $said = '';
	my $select = IO::Select->new($m);

	until ($said =~ /\(qemu\) $/) {
		return undef unless $select->can_read(60) && sysread $m, $said, 65536, length $said;
	}
	return $said;
}

sub monitor_say {
	my ($m, $command) = @_;

	syswrite $m, "$command\n";
	return monitor_prompt($m) // 'no answer';
}

# --- its console

sub lines { return split /\n/, inside("cat $serial") }

# What is wrong with it; or ''. The last line may be under way.
sub console_is_broken {
	my @lines = lines();
	my $n = 0;

	pop @lines;
	for my $line (@lines) {
		$line =~ s/\r$//;
		return "line $n is $line" if $line ne sprintf '%08x', $n;
		$n++;
	}
	return $n ? '' : 'no line';
}

sub console_goes_on {
	my ($name) = @_;
	my $before = inside("wc -c <$serial");

	for (1 .. 300) {
		sleep 0.1;
		last if inside("wc -c <$serial") > $before;
	}
	my $wrong = inside("wc -c <$serial") > $before ? console_is_broken() : "it prints nothing more: " . inside("cat $serial.err");
	ok($wrong eq '', $name) or diag($wrong);
}

# --- registers

# QEMU's has no runs.
sub expand {
	my ($c, $text) = @_;

	$text =~ s/(.)\*(.)/$1 x (ord($2) - 28)/ges unless $c->{acks};
	$text =~ s/\}(.)/chr(ord($1) ^ 0x20)/ges;
	return $text;
}

sub document {
	my ($c, $annex) = @_;
	my $text = '';

	for (;;) {
		my $piece = expand($c, ask($c, sprintf 'qXfer:features:read:%s:%x,7f0', $annex, length $text));
		return $text unless $piece =~ s/^([lm])//;
		$text .= $piece;
		return $text if $1 eq 'l';
	}
}

# Of both stubs: name => number and size in bits.
sub description {
	my ($c) = @_;
	my $xml = document($c, 'target.xml');
	my ($number, %registers) = (0);

	$xml =~ s/<xi:include href="([^"]+)"\/>/document($c, $1)/ge;
	$xml =~ s/<!--.*?-->//gs;
	while ($xml =~ /<reg ([^>]*)>/g) {
		my %attribute = $1 =~ /(\w+)="([^"]*)"/g;
		$number = $attribute{regnum} if defined $attribute{regnum};
		$registers{lc $attribute{name}} = [ $number++, $attribute{bitsize} ];
	}
	return %registers;
}

# name => value as bytes, for each vCPU.
sub registers {
	my ($c) = @_;
	my %registers = description($c);
	my @all;

	for my $thread (1, 2) {
		ask($c, "Hg$thread") eq 'OK' or ask($c, "Hgp1.$thread");
		ask($c, 'g'); # without that, QEMU's p tells what it knew before
		my %values;
		for my $name (keys %registers) {
			my ($number, $size) = @{$registers{$name}};
			my $value = expand($c, ask($c, sprintf 'p%x', $number));
			$values{$name} = $value if $value =~ /^[0-9a-f]+$/ && length $value == $size / 4;
		}
		push @all, \%values;
	}
	return @all;
}

# What differs, of what both have. x86_cpu_gdb_read_register() of QEMU's has 0 for ftag, always.
sub compare {
	my ($ours, $theirs) = @_;
	my ($common, @different) = (0);

	for my $name (sort keys %$theirs) {
		next unless defined $ours->{$name} && $name ne 'ftag' && length $ours->{$name} == length $theirs->{$name};
		$common++;
		push @different, "$name: $ours->{$name}, QEMU's stub: $theirs->{$name}" if $ours->{$name} ne $theirs->{$name};
	}
	return ($common, @different);
}

# --- the tests

sub is_stop { return $_[0] =~ /^T(05|02|00)/ }

sub one_round {
	my ($c) = @_;

	for (1 .. 20) {
		my $reply = ask($c, 'vCont;s:1');
		return "a step: $reply" unless is_stop($reply) && defined stopped_at($reply);
	}
	my $reply = point($c, 'Z0', 'turn');
	return "a breakpoint: $reply" if $reply ne 'OK';
	for (1 .. 3) {
		$reply = ask($c, 'vCont;c');
		return "a hit: $reply" unless (stopped_at($reply) // 0) == at('turn');
	}
	$reply = point($c, 'z0', 'turn');
	return "a breakpoint removed: $reply" if $reply ne 'OK';
	say_only($c, 'vCont;c');
	sleep 0.02;
	$reply = interrupt($c);
	return is_stop($reply) ? '' : "no stop: $reply";
}

# Asks the monitor for registers until it is told to end.
sub start_hammer {
	my $pid = fork // die;

	return $pid if $pid;
	my $m = monitor() or _exit(1);
	my $n = 0;
	$SIG{TERM} = sub { _exit(0) };
	monitor_say($m, 'info registers') while ++$n;
	_exit(0);
}

my $m = monitor();
if (!$m) {
	ok(0, 'QEMU starts') or diag(inside("cat $serial.err"));
	finish();
}
console_goes_on('QEMU runs a guest');

start_server(pid => $qemu) or do { ok(0, 'attach') or diag(server_log()); end() };
ok(1, 'attach');
diag(server_log());
console_goes_on('... and it runs on');
my $c = client();
ok(is_stop(ask($c, '?')), 'a client stops it');
my $wrong = '';
for (1 .. $rounds) {
	$wrong ||= one_round($c);
}
ok($wrong eq '', "$rounds rounds of steps across the UART, of breakpoints and pauses") or diag($wrong);
say_only($c, 'vCont;c');
console_goes_on('... and nothing of its console is lost');

close $m;
my $hammer = start_hammer();
sleep 0.5;
interrupt($c);
for (1 .. $rounds) {
	$wrong ||= one_round($c);
}
say_only($c, 'vCont;c');
ok($wrong eq '', "the same while the monitor is asked for registers all the time") or diag($wrong);
console_goes_on('... and nothing is lost');
kill 'TERM', $hammer;
waitpid $hammer, 0;

$m = monitor() or ok(0, 'the monitor answers after that');
monitor_say($m, 'stop');
my $reply = interrupt($c);
ok(is_stop($reply), "QEMU's own `stop` while it runs: a client can stop it still") or diag($reply, server_log());
$reply = ask($c, 'g');
ok($reply =~ /^[0-9a-fx]{50}/, '... and read registers') or diag($reply);
$reply = ask($c, 'D');
ok($reply eq 'OK', '... and detach') or diag($reply);
monitor_say($m, 'cont');
console_goes_on('... `cont`: it goes on');

monitor_say($m, 'stop');
$c = client();
ask($c, '?');
my @ours = registers($c);
diag('the console ends with ' . (lines())[-1]);
ask($c, 'D');
vanish($c);
ok(kill_server('TERM') eq '143', 'the server ends');
my ($there) = $ENV{MONITOR} =~ /^127/ && is_own() ? '127.0.0.1:' . (30000 + $$ % 10000) : '10.0.2.15:1234';
my $said = monitor_say($m, "gdbserver tcp:$there");
set_port($there =~ /:(\d+)$/) if is_own();
$c = client();
if ($c) {
	ask($c, '?');
	my @theirs = registers($c);
	for my $i (0, 1) {
		my ($common, @different) = compare($ours[$i], $theirs[$i]);
		ok($common > 25 && !@different, "vCPU $i: $common registers are what QEMU's own stub says they are") or diag(@different);
	}
	ask($c, 'D');
	vanish($c);
} else {
	ok(0, "QEMU's own stub: $said");
}
monitor_say($m, 'cont');
console_goes_on('it goes on after that');
monitor_say($m, 'migrate "exec:cat >/dev/null"');
my $state = '';
for (1 .. 100) {
	$state = monitor_say($m, 'info migrate');
	last if $state =~ /Migration status: (completed|failed)/;
	sleep 0.1;
}
ok($state =~ /status: completed/, 'it can be migrated afterwards') or diag($state);
end();

sub end {
	inside("kill -9 $qemu; rm -f $serial $serial.err");
	finish();
}
