# SPDX-License-Identifier: BSD-2-Clause
# Breakpoints set, hit, stepped over and removed, thousands of times, while all vCPUs run guest.c's count_in_step(). One line for each
# thing that is wrong; then what was done.
#
#   perl tests/live/stress.pl HOST:PORT ROUNDS PC KIND WORD MODE-WRITE ASTRAY COUNTERS INSTRUCTION...
#
# PC is the number of that register, KIND that of breakpoints, 0: as long as the instruction. WORD is how many bytes the pc and a
# counter have, 4 or 8. MODE-WRITE is the packet that has the guest do it. ASTRAY and COUNTERS are where it keeps, for each of the four
# vCPUs, how often it found that an instruction had not been executed just once, and how often it was there. The rest are the addresses
# of its loop's instructions in their order, the last of which gets no breakpoint. All numbers are hexadecimal, but ROUNDS. SEED in the
# environment: for the same choices once more.
use strict;
use warnings;
use IO::Socket::INET;
use List::Util qw(shuffle);
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my ($server, $rounds, $pc, $kind, $word, $mode_write, $astray, $counters, @loop) = @ARGV;
my $vcpus = 4;
my $points_max = 6;
my $seed = $ENV{SEED} // $$;
my (%size, %points, %hits, %done, %seen, @said, $in, $socket);

$SIG{ALRM} = sub { wrong('no answer for a minute'); summary(); exit 1 };
srand $seed;
$| = 1;

# With what was said before; only the first one, for most of the others come of it.
sub wrong {
	print "wrong: @_\n";
	print map { "	$_\n" } splice @said;
}

sub summary { print join(' ', map({ "vCPU $_: " . ($hits{$_ + 1} // 0) . ' hits;' } 0 .. $vcpus - 1), map({ "$done{$_} $_" } sort keys %done), "seed $seed"), "\n" }

# --- packets

sub put {
	my ($packet) = @_;
	my $sum = unpack '%8C*', $packet;

	print $socket sprintf '$%s#%02x', $packet, $sum;
	$socket->flush;
}

sub answer {
	alarm 60;
	until ($in =~ /\$([^#]*)#../s) {
		sysread $socket, $in, 65536, length $in or do { wrong('the server has closed the connection'), exit 1 };
	}
	alarm 0;
	$in =~ /\$([^#]*)#../s;
	$in = substr $in, $+[0];
	return $1;
}

sub ask {
	my ($packet) = @_;
	my $reply;

	push @said, $packet;
	shift @said if @said > 30;
	put($packet);
	$reply = answer();
	$said[-1] .= " -> $reply";
	return $reply;
}

sub words { return unpack $word == 8 ? 'Q<*' : 'V*', pack 'H*', $_[0] }

# The numbers of an array of the guest's.
sub numbers { return words(ask(sprintf 'm%s,%x', $_[0], $word * $vcpus)) }

# --- the points

sub set {
	my ($address, $type) = @_;
	my $reply = ask("Z$type,$address," . ($kind || $size{$address}));

	return if $reply =~ /^E.*debug registers/ || $type == 1 && $reply eq ''; # the host has no more of them, or none
	$reply eq 'OK' or wrong("Z$type at $address: $reply");
	$points{$address} = $type;
	$done{set}++;
}

sub clear {
	my ($address) = @_;
	my $reply = ask("z$points{$address},$address," . ($kind || $size{$address}));

	$reply eq 'OK' or wrong("z at $address: $reply");
	delete $points{$address};
	delete $seen{"$_ $address"} for 1 .. $vcpus; # one that has not gone on since then will be told of again
	$done{removed}++;
}

# One or two are other ones than before.
sub change_points {
	for my $address ((shuffle keys %size)[0 .. int rand 2]) {
		if (exists $points{$address}) {
			clear($address);
		} elsif (keys %points < $points_max) {
			set($address, int rand 2);
		}
	}
	set((keys %size)[rand keys %size], 0) until %points;
}

# --- running

# Which thread stopped, and where.
sub stop {
	my ($reply) = @_;
	my ($thread) = $reply =~ /thread:([0-9a-f]+);/;
	my ($at) = $reply =~ /;0*$pc:([0-9a-f]+);/;

	$reply =~ /^T05/ && $thread && $at or wrong("a stop: $reply"), exit 1;
	return (hex $thread, sprintf('%x', words($at)), $reply);
}

# It has been round the loop since the last time that it was there.
sub hit {
	my ($thread, $at) = @_;
	my $turn = (numbers($counters))[$thread - 1];

	($seen{"$thread $at"} // -1) != $turn or wrong("thread $thread is at $at again, in turn $turn");
	$seen{"$thread $at"} = $turn;
	$hits{$thread}++;
}

sub go {
	my ($thread, $at, $reply) = stop(ask('vCont;c'));

	exists $points{$at // ''} or wrong("a stop at no breakpoint: $reply");
	hit($thread, $at);
	$done{continued}++;
	return ($thread, $at);
}

# Alone, from one instruction to the next; what is behind a branch is not known here.
sub step_alone {
	my ($thread, $from) = @_;
	my ($who, $at, $reply) = stop(ask(sprintf 'vCont;s:%x', $thread));
	my ($nr) = grep { $loop[$_] eq $from } 0 .. $#loop;

	$who == $thread or wrong("a step of thread $thread: $reply");
	grep { $_ eq $at } @loop or wrong("a step from $from: $reply");
	defined $nr && $nr < $#loop && $at eq $loop[$nr + 1] and $done{'steps to the next'}++;
	$done{'steps alone'}++;
	return ($who, $at);
}

# While the others run, one of which may be the one that stops.
sub step_among_others {
	my ($thread) = @_;
	my ($who, $at, $reply) = stop(ask(sprintf 'vCont;s:%x;c', $thread));

	exists $points{$at} || $who == $thread or wrong("a stop at no breakpoint, during a step of thread $thread: $reply");
	hit($who, $at) if exists $points{$at};
	$done{'steps among others'}++;
	return ($who, $at);
}

sub check_counts {
	my @astray = numbers($astray);

	grep { $_ } @astray and wrong("executed twice, or not at all: @astray, after $done{continued} times");
	return !grep { $_ } @astray;
}

sub code { return join ' ', map { ask("m$_,2") } @loop }

# --- 

$in = '';
$socket = IO::Socket::INET->new($server) or do { wrong("cannot connect to $server: $@"); exit 1 };
$socket->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
ask('qSupported:swbreak+;hwbreak+;vContSupported+;error-message+');
print $socket '+';
ask('QStartNoAckMode');
print $socket '+';
ask('vCont?');
ask('?');
%size = map { $loop[$_] => hex($loop[$_ + 1]) - hex $loop[$_] } 0 .. $#loop - 1;
my $code = code();
ask($mode_write) eq 'OK' or wrong('the mode is not written');
my ($thread, $at);
for my $round (1 .. $rounds) {
	change_points();
	($thread, $at) = go();
	($thread, $at) = step_alone($thread, $at) if rand() < 0.3;
	($thread, $at) = step_among_others($thread) if rand() < 0.3;
	check_counts() or last if $round % 50 == 0;
}
clear($_) for keys %points;
$code eq code() or wrong('what was planted is still there');
my @before = numbers($counters);
for (1 .. 100) {
	put('vCont;c');
	select undef, undef, undef, 0.05;
	print $socket "\x03";
	$socket->flush;
	answer() =~ /^T02|^T05/ or wrong('no stop after a Ctrl-C');
	my @now = numbers($counters);
	last unless grep { $now[$_] <= $before[$_] } 0 .. $#now;
	$_ == 100 and wrong("a vCPU goes on no more: @before, now @now");
}
check_counts();
$hits{$_} or wrong("thread $_ hit nothing") for 1 .. $vcpus;
summary();
