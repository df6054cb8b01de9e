# SPDX-License-Identifier: BSD-2-Clause
# Clients that vanish: whatever they were at, the guest has its memory back and runs on, and the next client starts clean.
# The environment says where the server runs: see part.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF);
use lib 'tests/lib';
use patience;

$| = 1;
$SIG{PIPE} = 'IGNORE';
my $guest = $ENV{GUEST};
my ($count, $failed) = (0, 0);
my %at = map { my ($addr, undef, $name) = split; $name => hex $addr } grep { /^[0-9a-f]+ \w / } `nm $guest`;

my ($text_size) = map { hex } `readelf -SW $guest` =~ /\s\.text\s+\w+\s+\w+\s+\w+\s+(\w+)/;

sub ok($$) {
	my ($good, $name) = @_;

	$count++;
	$failed ||= !$good;
	print $good ? '' : 'not ', "ok $count - $name\n";
}

# --- the server

my $server_pid = open my $server, '-|', "exec $ENV{LAUNCH} --vcpus 2 $ENV{COMM} $ENV{IMAGE} 2>&1" or die;
my $port = '';
while (my $line = <$server>) {
	last if ($port) = $line =~ /Listening on port (\d+)/;
}
$port = $1 if $ENV{TARGET} =~ /:(\d+)$/;

# --- a client

sub client {
	my $socket = IO::Socket::INET->new(Proto => 'tcp') or die;

	setsockopt($socket, SOL_SOCKET, SO_RCVBUF, pack('i', 4096)) if @_;
	$socket->connect(Socket::pack_sockaddr_in($port, Socket::inet_aton('127.0.0.1'))) or die "connect: $!";
	my $c = { socket => $socket, in => '' };
	ask($c, 'QStartNoAckMode') eq 'OK' or return $c;
	syswrite $socket, '+';
	return $c;
}

sub frame {
	my ($text) = @_;

	return sprintf '$%s#%02x', $text, unpack('%8C*', $text);
}

sub say_only {
	my ($c, @texts) = @_;

	syswrite $c->{socket}, join('', map { frame($_) } @texts);
}

# The next packet that is no console output; undef when none comes.
sub hear {
	my ($c) = @_;
	my $select = IO::Select->new($c->{socket});

	for (;;) {
		while ($c->{in} =~ s/^[^\$]*\$([^#]*)#..//s) {
			my $packet = $1;
			return $packet unless $packet =~ /^O[0-9a-f]/;
		}
		return undef unless $select->can_read($patience);
		return undef unless sysread $c->{socket}, $c->{in}, 65536, length $c->{in};
	}
}

sub ask {
	my ($c, $text) = @_;

	say_only($c, $text);
	return hear($c) // '';
}

# Refused as long as what the one before has sent is under way: a network may bring its end behind that.
sub next_client {
	for (my $i = 0; ; $i++) {
		my $c = client();
		return $c if $i > 20 * $patience || ask($c, '?') =~ /^T05/;
		vanish($c);
		select undef, undef, undef, 0.05;
	}
}

# As kill -9 does, and a network that is gone: nothing is said any more.
sub vanish {
	my ($c) = @_;

	setsockopt($c->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
	close $c->{socket};
}

sub memory {
	my ($c, $from, $size) = @_;
	my $bytes = '';

	while ($size > 0) {
		my $piece = $size < 0x800 ? $size : 0x800;
		$bytes .= expand(ask($c, sprintf 'm%x,%x', $from, $piece));
		$from += $piece;
		$size -= $piece;
	}
	return $bytes;
}

# Run-length coding: a character, * and how often more.
sub expand {
	my ($text) = @_;

	$text =~ s/(.)\*(.)/$1 x (ord($2) - 28)/ge;
	return $text;
}

sub code {
	my ($c) = @_;

	return memory($c, $at{_start}, $text_size);
}

sub counter {
	my ($c) = @_;

	return unpack('Q<', pack 'H*', memory($c, $at{counter}, 8)) // 0;
}

# --- what they are at when they vanish

my $tick = sprintf '%x', $at{tick};
my $spin = sprintf '%x', $at{spin};
my $never = 'X3,220027';    # const8 0; end
# printf "%s" of nothing but text, again and again: const8 0; const8 0; printf with no argument; end
my $print = sprintf 'cmds:0,X%x,%s', 32, '2200220034000017' . unpack('H*', ('x' x 20) . "\\n\0") . '27';

my @leavings = (
	[ 'while the guest runs by a false condition', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1;$never");
		ask($c, "Z1,$spin,1");
		say_only($c, 'vCont;c');
	} ],
	[ 'at a breakpoint', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1");
		ask($c, 'vCont;c') =~ /^T05/ or print "# no breakpoint\n";
	} ],
	[ 'in the midst of steps', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1");
		ask($c, 'vCont;s:1') for 1 .. 20;
		say_only($c, 'vCont;s:1');
	} ],
	[ 'with steps under way that it never heard of', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1;$never");
		say_only($c, ('vCont;s:1;c') x 50);
	} ],
	[ 'in the midst of a packet', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1");
		syswrite $c->{socket}, substr(frame("Z0,$spin,1"), 0, -4);
	} ],
	[ 'in the midst of a packet, running', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1;$never");
		say_only($c, 'vCont;c');
		syswrite $c->{socket}, '$vCon';
	} ],
	[ 'with a Ctrl-C', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1;$never");
		say_only($c, 'vCont;c');
		syswrite $c->{socket}, "\003";
	} ],
	[ 'in non-stop', sub {
		my ($c) = @_;
		ask($c, 'QNonStop:1');
		ask($c, "Z0,$tick,1;$never");
		ask($c, 'vCont;c');
	} ],
	[ 'with a watchpoint, where there are any', sub {
		my ($c) = @_;
		ask($c, sprintf 'Z2,%x,8', $at{counter});
		say_only($c, 'vCont;c');
	} ],
	[ 'in the midst of an answer', sub {
		my ($c) = @_;
		ask($c, "Z0,$tick,1");
		say_only($c, (sprintf 'm%x,800', $at{_start}) x 200);
	} ],
);

# --- the tests

my $c = client();
select undef, undef, undef, 1 if $ENV{ATTACHED}; # inside/attach lets the guest go
my $before = code($c);
ok(length $before == 2 * $text_size, 'the first client reads the code');
ok(ask($c, sprintf 'M%x,4:01000000', $at{mode}) eq 'OK', '... and has the guest spin');
say_only($c, 'vCont;c');
vanish($c);

for my $leaving (@leavings) {
	my ($name, $does) = @$leaving;
	my $c = client();
	my $counted = counter($c);

	$does->($c);
	vanish($c);
	$c = next_client();
	ok(ask($c, '?') =~ /^T05/, "a client that vanishes $name: the next one is served");
	ok(code($c) eq $before, '... no opcode is left');
	my $now = counter($c);
	for (my $i = 0; $now <= $counted && $i < 20 * $patience; $i++) {
		vanish($c);
		select undef, undef, undef, 0.05;
		$c = client();
		$now = counter($c);
	}
	ok($now > $counted, '... and the guest runs on');
	vanish($c);
}

# Nothing of what it is sent is read: the next one is answered all the same, and at once.
my $deaf = client(1);
ok(ask($deaf, "Z0,$tick,1;$print") eq 'OK', 'a client that is printed to and does not read');
say_only($deaf, 'vCont;c');
select undef, undef, undef, 1;
my $next = client();
ok($next->{in} . (hear($next) // '') =~ /another debugger|^$/, '... does not keep the next from its answer');
vanish($deaf);
$c = next_client();
ok(ask($c, '?') =~ /^T05/ && code($c) eq $before, '... and leaves nothing behind');
if ($ENV{ATTACHED}) {
	ok(ask($c, 'vKill;1') =~ /^E/, 'the last one cannot end it');
	ok(ask($c, 'D') eq 'OK', '... but detach');
	kill 'TERM', $server_pid;
} else {
	ok(ask($c, 'vKill;1') eq 'OK', 'the last one ends it');
	close $server;
	ok($? == 0, '... with status 0');
}
print "1..$count\n";
exit $failed;
