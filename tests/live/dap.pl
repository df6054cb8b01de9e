# SPDX-License-Identifier: BSD-2-Clause
# What an IDE does, in the Debug Adapter Protocol: one conversation for all adapters. TAP on standard output.
#
#   perl tests/live/dap.pl GUEST ATTACH ADAPTER [ARGUMENT...]
#
# GUEST is the ELF file, for the server and for the debugger. ATTACH is what the adapter wants to know for the request `attach`, in
# JSON, with PORT where the server's port goes. LAUNCH, COMM, TARGET and IMAGE in the environment: see gdb.exp. VERBOSE in it: all that
# is said.
use strict;
use warnings;
use File::Temp;
use JSON::PP;
use MIME::Base64;
use Socket;

my ($guest, $attach, @adapter) = @ARGV;
my $source = 'tests/guests/guest.c';
my $json = JSON::PP->new->canonical;
my ($count, $failures, $port) = (0, 0, 0);
my ($adapter, $adapter_pid, $server_pid, $server_log);
my ($seq, $buffer, @events, @log);

$| = 1;
$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { bail('no answer for a minute') };

END { kill 'TERM', grep { $_ } $adapter_pid, $server_pid }

# --- TAP

sub diag { print map { "# $_\n" } split /\n/, join '', @_ }

sub ok($$) {
	my ($good, $name) = @_;

	$count++;
	print $good ? '' : 'not ', "ok $count - $name\n";
	return if $good;
	$failures++;
	diag(join "\n", map { substr $_, 0, 300 } @log > 12 ? @log[-12 .. -1] : @log);
}

sub skip { $count++; print "ok $count - $_[0] # SKIP $_[1]\n" }

sub bail {
	diag(join "\n", map { substr $_, 0, 300 } @log > 20 ? @log[-20 .. -1] : @log);
	print "not ok - $_[0]\n";
	exit 2;
}

# --- programs

# Runs a program with these for its descriptors 0 to 2.
sub start {
	my ($in, $out, $err, @command) = @_;
	my $pid = fork // bail("fork: $!");

	return $pid if $pid;
	open STDIN, '<&', $in and open STDOUT, '>&', $out and open STDERR, '>&', $err and exec @command;
	$server_pid = $adapter_pid = 0;
	exit 127;
}

sub start_server {
	open my $null, '+<', '/dev/null' or bail($!);
	$server_log = File::Temp->new;
	$server_pid = start($null, $server_log, $server_log, split(' ', $ENV{LAUNCH}), '--debug', $ENV{COMM}, $ENV{IMAGE});
	wait_log(qr/^Listening on port (\d+)/m);
	$port = $1 if $ENV{TARGET} =~ /:(\d+)$/;
}

# What the server has said, the guest's console with it; from a nested machine they come as one.
sub server_log {
	open my $log, '<', $server_log->filename or bail($!);
	local $/;
	return <$log> // '';
}

# Until it matches; $1 is then in $port.
sub wait_log {
	my ($pattern) = @_;

	for (1 .. 600) {
		return $port = $1 // $port if server_log() =~ $pattern;
		select undef, undef, undef, 0.1;
	}
	bail("the server does not say $pattern");
}

# The server ends by itself: its exit status.
sub wait_server {
	alarm 60;
	waitpid $server_pid, 0;
	alarm 0;
	$server_pid = 0;
	return $? >> 8;
}

sub stop_server {
	kill 'TERM', $server_pid;
	wait_server();
}

# --- the protocol

sub send_message {
	my $body = $json->encode({ seq => ++$seq, @_ });

	push @log, "-> $body";
	diag("-> $body") if $ENV{VERBOSE};
	print $adapter 'Content-Length: ', length $body, "\r\n\r\n$body";
	return $seq;
}

# The length of the next message, when all of it is in the buffer; then its header is taken off.
sub next_length {
	return undef unless $buffer =~ /Content-Length: (\d+)\r\n\r\n/ && length($buffer) >= $+[0] + $1;
	substr $buffer, 0, $+[0], '';
	return $1;
}

sub receive {
	my $length;

	alarm 60;
	until (defined($length = next_length())) {
		sysread $adapter, $buffer, 65536, length $buffer or bail('the adapter has gone');
	}
	alarm 0;
	my $body = substr $buffer, 0, $length, '';
	push @log, "<- $body";
	diag("<- $body") if $ENV{VERBOSE};
	return $json->decode($body);
}

# Events come at any time, and wait for who wants them.
sub event {
	my ($name) = @_;

	for (;;) {
		for my $i (0 .. $#events) {
			return splice(@events, $i, 1)->{body} if $events[$i]{event} eq $name;
		}
		my $message = receive();
		push @events, $message if $message->{type} eq 'event';
		bail('the guest has ended') if ($message->{event} // '') eq 'terminated';
		bail("refused: $message->{message}") if $message->{type} eq 'response' && !$message->{success};
	}
}

sub answer {
	my ($to) = @_;

	for (;;) {
		my $message = receive();
		return $message if $message->{type} eq 'response' && $message->{request_seq} == $to;
		push @events, $message if $message->{type} eq 'event';
	}
}

# The body of the answer; an empty one, with `failed`, of a refusal.
sub request {
	my ($command, %arguments) = @_;
	my $answer = answer(send_message(type => 'request', command => $command, arguments => \%arguments));

	return $answer->{success} ? $answer->{body} // {} : { failed => $answer->{message} // '' };
}

# --- what is said in it

my ($can, $stopped, $frame);

sub set_breakpoints {
	my @lines = @_;

	return request('setBreakpoints', source => { name => 'guest.c', path => $source }, sourceModified => JSON::PP::false,
		breakpoints => [ map { { line => $_ } } @lines ], lines => \@lines)->{breakpoints};
}

# An adapter with a debugger in it, attached, and stopped: at the entry or at one of these lines.
sub attach {
	my @lines = @_;
	my $arguments = $attach =~ s/PORT/$port/gr;

	socketpair $adapter, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC or bail($!);
	open my $null, '>', '/dev/null' or bail($!);
	$adapter_pid = start($its, $its, $ENV{VERBOSE} ? \*STDERR : $null, @adapter);
	close $its;
	select((select($adapter), $| = 1)[0]);
	($seq, $buffer, @events) = (0, '');
	$can = request('initialize', clientID => 'test', adapterID => 'test', pathFormat => 'path',
		linesStartAt1 => JSON::PP::true, columnsStartAt1 => JSON::PP::true);
	my $attaching = send_message(type => 'request', command => 'attach', arguments => $json->decode($arguments));
	event('initialized');
	my $breakpoints = set_breakpoints(@lines);
	request('configurationDone');
	wait_stopped();
	return $breakpoints;
}

# Some adapters stop at the entry first, whatever the breakpoints.
sub wait_stopped {
	$stopped = event('stopped');
	my $frames = request('stackTrace', threadId => $stopped->{threadId} // 1)->{stackFrames};
	$frame = $frames->[0];
	return $frames;
}

sub go {
	my ($how) = @_;

	request($how, threadId => $stopped->{threadId} // 1);
	return wait_stopped();
}

sub line_of {
	my ($text) = @_;

	open my $file, '<', $source or bail("$source: $!");
	while (<$file>) {
		return $. if index($_, $text) >= 0;
	}
	bail("$source has no $text");
}

sub at_line { return $frame->{line} == line_of($_[0]) }

# An expression, in the frame on top.
sub value {
	my ($expression) = @_;
	my $body = request('evaluate', expression => $expression, frameId => $frame->{id}, context => 'watch');

	return $body->{result} // $body->{failed};
}

# A command of gdb's own. Some adapters want a mark before it, and answer by events.
sub gdb {
	my ($command) = @_;
	my $mark = $attach =~ /"gdb"/ ? '>' : '';

	@events = grep { $_->{event} ne 'output' } @events;
	my $body = request('evaluate', expression => "$mark$command", frameId => $frame->{id}, context => 'repl');
	return join '', $body->{result} // $body->{failed}, map { $_->{event} eq 'output' ? $_->{body}{output} : () } @events;
}

# Names to values, of a scope whose name matches.
sub variables {
	my ($pattern) = @_;
	my %values;

	for my $scope (@{ request('scopes', frameId => $frame->{id})->{scopes} }) {
		next unless $scope->{name} =~ $pattern;
		my $found = request('variables', variablesReference => $scope->{variablesReference})->{variables};
		$values{ $_->{name} } = $_->{value} for @$found;
	}
	return \%values;
}

sub leave {
	my ($terminate) = @_;

	request('disconnect', terminateDebuggee => $terminate ? JSON::PP::true : JSON::PP::false);
	close $adapter;
	alarm 60;
	waitpid $adapter_pid, 0;
	alarm 0;
	$adapter_pid = 0;
}

# A data breakpoint is DAP's own word for it, which gdb's adapter does not have: there a person types `watch`.
sub watch {
	if (gdb('monitor capabilities') !~ /^write watchpoint +works/m) {
		skip('watch: stops at a change', "this host's KVM has no watchpoint");
		return;
	}
	if ($can->{supportsDataBreakpoints}) {
		my $data = request('dataBreakpointInfo', name => 'counter', frameId => $frame->{id});
		request('setDataBreakpoints', breakpoints => [ { dataId => $data->{dataId}, accessType => 'write' } ]);
	} else {
		gdb('watch counter');
	}
	my $before = value('counter');
	go('continue');
	ok(value('counter') == $before + 1, "watch: stops at a change ($stopped->{reason})");
	request('setDataBreakpoints', breakpoints => []) if $can->{supportsDataBreakpoints};
	gdb('delete') unless $can->{supportsDataBreakpoints};
}

# gdb 16 never sees a pause that comes before it has begun to continue.
sub run_and_pause {
	request('continue', threadId => $stopped->{threadId});
	wait_log(qr/<- vCont;c[^\n]*\n\z/);
	go('pause');
}

# --- the conversation

start_server();
my $breakpoints = attach(line_of('int x2 = square'));
ok(@$breakpoints == 1, 'attach: with a breakpoint');
go('continue') until at_line('int x2 = square');
ok($stopped->{reason} =~ /breakpoint/, 'breakpoint: by source line, hit');
my $threads = request('threads')->{threads};
ok(@$threads == 1, 'threads: one');
diag($threads->[0]{name});
ok(@{ set_breakpoints() } == 0, 'breakpoints: all away');
my $frames = go('stepIn');
my $names = join ' ', map { $_->{name} =~ s/\(.*//r } @$frames;
diag($names);
ok($names =~ /^square distance_squared demo main/, 'step in: into a function; stack trace: from it to main');
ok($frames->[0]{source}{path} =~ /guest\.c$/, 'stack trace: with the source');
my $locals = variables(qr/Local|Argument/);
ok(($locals->{n} // '') eq '3', 'variables: an argument');
my $registers = variables(qr/Register/);
ok(keys %$registers > 60, 'registers: in a scope of their own');
diag(scalar keys %$registers, ' registers');
ok(!(grep { /rror|unavailable/ } values %$registers), 'registers: all of them can be read');
ok(exists $registers->{cr0} || exists $registers->{SCTLR_EL1}, 'registers: a control register is among them');
my $address = value('(long)&origin');
my $memory = request('readMemory', memoryReference => sprintf('0x%x', $address), count => 8);
my @point = unpack 'l<2', decode_base64($memory->{data} // '');
ok("@point" eq '3 4', 'memory: read');
request('writeMemory', memoryReference => sprintf('0x%x', $address), data => encode_base64(pack('l<', 7), ''));
ok(value('origin.x') eq '7', 'memory: written');
value('origin.x = 3');
ok(value('origin.x') eq '3', 'evaluate: an assignment');
go('stepOut');
ok($frame->{name} =~ /^distance_squared/, 'step out: in the caller');
go('next') until at_line('return x2 + y2') || $frame->{name} !~ /^distance_squared/;
ok(at_line('return x2 + y2') && value('x2 + y2') eq '25', 'next: line by line, over a call');
set_breakpoints(line_of('counter++'));
go('continue');
ok($frame->{name} =~ /^tick/ && value('counter') eq '0', 'breakpoint: another, while stopped');
set_breakpoints();
leave();
my $status = wait_server();
ok(server_log() =~ /hello.*goodbye/s, 'disconnect: the guest goes on to its end');
ok($status == 42 || $status == 0 && $guest !~ /x86/, "disconnect: ... with its own status ($status)");

# --- a guest that runs until it is stopped

start_server();
attach(line_of('switch (mode)'));
go('continue') until at_line('switch (mode)');
value('mode = MODE_SPIN');
set_breakpoints(line_of('counter++'));
go('continue');
ok($frame->{name} =~ /^tick/, 'spinning: at a breakpoint');
set_breakpoints();
watch();
my $before = value('counter');
my $pauses = 0;
do { run_and_pause() } while value('counter') == $before && ++$pauses < 20; # it may come before the guest has done anything
ok($stopped->{reason} ne 'breakpoint' && value('counter') > $before, "pause: stopped while it ran ($stopped->{reason})");
$before = value('counter');
go('next');
go('stepOut') until $frame->{name} =~ /^spin/;
ok($frame->{name} =~ /^spin/, 'pause: and stepped from there');
set_breakpoints(line_of('counter++'));
leave();

attach(line_of('counter++'));
ok(value('counter') > $before, 'again: a second client finds the guest, which has run in between');
ok(gdb('compare-sections .text') =~ /matched/, 'again: its code is what it was');
set_breakpoints();
run_and_pause();
ok($stopped->{reason} ne 'breakpoint', 'again: and no breakpoint of the first is left');
leave('terminate');
stop_server();
print "1..$count\n";
exit($failures != 0);
