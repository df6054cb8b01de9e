# SPDX-License-Identifier: BSD-2-Clause
# QEMU, unmodified: kvm-gdbserver attaches to it while its guest prints numbers on the console. None is missing after pauses, steps and
# breakpoints, while QEMU's monitor is asked for registers all the time; QEMU's own stub says of each register what ours says; and the VM
# goes on in another QEMU, to which it is migrated.
#
# See attach_rig.pm. QEMU is its command, MONITOR where its monitor is reached from here, SEQUENCE the symbols of a guest of ours. With
# LINUX the guest is a kernel, which prints the addresses that are wanted first, and numbers among other lines.
use strict;
use warnings;
no warnings 'portable';
use lib 'tests/live';
use attach_rig;
use IO::Socket::INET;
use POSIX qw(_exit);
use Time::HiRes qw(sleep time);

my $linux = $ENV{LINUX};
my $rounds = ($linux ? 2 : 10) * ($ENV{CYCLES} // 1);
my $serial = "/tmp/attach-serial.$$";
my $qemu = start_qemu($serial);

# With its console in that file.
sub start_qemu {
	my ($file, $options) = @_;

	$options //= '';
	return inside("{ $ENV{QEMU} $options -serial file:$file >$serial.err 2>&1 </dev/null & echo \$!; }");
}

# --- its monitor

sub open_monitor {
	my $said = '';

	for (1 .. 600) {
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

# Of the second QEMU as well, when there is one.
sub lines {
	my @lines = split /\r?\n/, inside("cat $serial $serial.2 2>/dev/null");

	return $linux ? grep { /^[0-9a-f]{8}$/ } @lines : @lines;
}

# What is wrong with it; or ''. The last line may be under way.
sub console_is_broken {
	my @lines = lines();
	my $n = 0;

	pop @lines;
	for my $line (@lines) {
		return "line $n is $line" if $line ne sprintf '%08x', $n;
		$n++;
	}
	return $n ? '' : 'no line';
}

sub printed { return inside("cat $serial $serial.2 2>/dev/null | wc -c") }

# A kernel's symbols are on its console, before the first number: turn() is what it calls to open a file.
sub boot_linux {
	my $driver = $ENV{ARCH} eq 'arm64' ? 'pl011' : 'serial8250';

	for (1 .. 600) {
		my $text = inside("cat $serial");
		if ($text =~ /^00000000\r?$/m) {
			$attach_rig::at{turn} = hex $1 if $text =~ /^([0-9a-f]{16}) . do_sys_openat2/m;
			$attach_rig::at{print_line} = hex $1 if $text =~ /^([0-9a-f]{16}) . ${driver}_console_write/m;
			return defined at('turn') && defined at('print_line');
		}
		sleep 0.5;
	}
	return 0;
}

sub console_goes_on {
	my ($name) = @_;
	my $before = printed();

	comes_true { printed() > $before };
	my $wrong = printed() > $before ? console_is_broken() : "it prints nothing more: " . inside("cat $serial.err");
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

# What QEMU's stub does not say as it is. x86_cpu_gdb_read_register() has 0 for ftag, always, and the stub of arm64 for ctr_el0 with -cpu host;
# KVM's ids of cntv_cval_el0 and of the counter are each other's (<asm/kvm.h>), which QEMU does not undo.
my %wrong_there = map { $_ => 1 } qw(ftag ctr_el0 cntv_cval_el0);

# What differs, of what both have.
sub compare {
	my ($ours, $theirs) = @_;
	my ($common, @different) = (0);

	for my $name (sort keys %$theirs) {
		next unless defined $ours->{$name} && !$wrong_there{$name} && length $ours->{$name} == length $theirs->{$name};
		$common++;
		push @different, "$name: $ours->{$name}, QEMU's stub: $theirs->{$name}" if $ours->{$name} ne $theirs->{$name};
	}
	return ($common, @different);
}

# --- the tests

sub is_stop { return $_[0] =~ /^T(05|02|00)/ }

# A planted breakpoint, or where those do nothing (QEMU's emulation of AMD's virtualization) a debug register.
my $plants = 0;

# Goes on to that function so many times; what is wrong, or '', and the thread.
sub meet {
	my ($c, $where, $times) = @_;
	my ($thread, $reply) = (1);

	$reply = point($c, "Z$plants", $where);
	$reply = point($c, 'Z' . ($plants = 1), $where) if $reply ne 'OK' && !$plants;
	return "a breakpoint: $reply" if $reply ne 'OK';
	for (1 .. $times) {
		$reply = ask($c, 'vCont;c');
		return "a hit: $reply" unless (stopped_at($reply) // 0) == at($where);
		$thread = $1 if $reply =~ /thread:([^;]+);/;
	}
	$reply = point($c, "z$plants", $where);
	return ($reply eq 'OK' ? '' : "a breakpoint removed: $reply", $thread);
}

sub step {
	my ($c, $thread) = @_;
	my $reply = ask($c, "vCont;s:$thread");

	return is_stop($reply) && defined stopped_at($reply) ? '' : "a step: $reply";
}

# From the beginning of what prints to where something is printed.
sub step_across_uart {
	my ($c) = @_;
	my ($wrong, $thread) = meet($c, 'print_line', 1);
	my ($before, $steps) = (printed(), 0);

	while (!$wrong && printed() == $before) {
		for (1 .. 20) {
			$wrong ||= step($c, $thread);
		}
		return "no access to the UART in 1000 steps" if ($steps += 20) > 1000;
	}
	return $wrong;
}

sub one_round {
	my ($c, $hammered) = @_;
	# In a slow machine a vCPU whose registers QEMU moves is stopped there, with QEMU's lock, which the step of another one waits for.
	my $wrong = $linux && $hammered ? '' : step_across_uart($c);

	($wrong) = meet($c, 'turn', 3) unless $wrong;
	return $wrong if $wrong;
	say_only($c, 'vCont;c');
	sleep 0.02;
	my $reply = interrupt($c);
	return is_stop($reply) ? '' : "no stop: $reply";
}

# Asks the monitor for registers until it is told to end. For each answer QEMU reads and writes all that KVM has, a call each, and those are
# stops while there is a breakpoint: without a pause, a nested Linux would not come to execute anything in between.
sub start_hammer {
	my $pid = fork // die;

	return $pid if $pid;
	my $m = open_monitor() or _exit(1);
	$SIG{TERM} = sub { _exit(0) };
	for (;;) {
		monitor_say($m, 'info registers');
		sleep 2 if $linux;
	}
	_exit(0);
}

my $m = open_monitor();
if (!$m) {
	ok(0, 'QEMU starts') or diag(inside("cat $serial.err"));
	finish();
}
if ($linux && !boot_linux()) {
	ok(0, 'Linux boots in QEMU') or diag(inside("cat $serial $serial.err"));
	end();
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
	$wrong ||= one_round($c, 1);
}
say_only($c, 'vCont;c');
ok($wrong eq '', "the same while the monitor is asked for registers all the time") or diag($wrong);
console_goes_on('... and nothing is lost');
kill 'TERM', $hammer;
waitpid $hammer, 0;

$m = open_monitor() or ok(0, 'the monitor answers after that');
monitor_say($m, 'stop');
sleep 0.2;
monitor_say($m, 'cont');
console_goes_on("QEMU's own `stop` and `cont` while it runs, with a client: it goes on");
interrupt($c);
$wrong = one_round($c);
ok($wrong eq '', '... and is stepped through, and stopped') or diag($wrong);
say_only($c, 'vCont;c');
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
monitor_say($m, "migrate \"exec:cat >$serial.vm\"");
my $state = '';
for (1 .. 600) {
	$state = monitor_say($m, 'info migrate');
	last if $state =~ /Migration status: (completed|failed)/;
	sleep 0.1;
}
ok($state =~ /status: completed/, 'it can be migrated afterwards') or diag($state);
monitor_say($m, 'info status');
close $m;
inside("kill -9 $qemu; while kill -0 $qemu 2>/dev/null; do sleep 0.1; done");
$qemu = start_qemu("$serial.2", "-incoming 'exec:cat $serial.vm'");
console_goes_on('... and goes on in another QEMU, where it stopped here');
end();

sub end {
	inside("kill -9 $qemu; rm -f $serial $serial.err $serial.2 $serial.vm");
	finish();
}
