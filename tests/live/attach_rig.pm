# SPDX-License-Identifier: BSD-2-Clause
# For tests of kvm-gdbserver --attach: the VMM of tests/attach, the server and a client of the remote protocol. The first two run where
# the environment says, the client here: see part. What is told of a VMM is in tests/attach/control.c.
package attach_rig;
use strict;
use warnings;
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(ok skip diag finish inside start_victim ask_victim is_alive end_victim lives victim_pid expect_victim
	start_server kill_server server_log server_status server_pid refused misused
	client vanish say_only hear ask interrupt monitor stopped_at kind point at gone is_own program set_port without_kvm);

$| = 1;
$SIG{PIPE} = 'IGNORE';

my ($count, $failed) = (0, 0);
my @in = split ' ', $ENV{IN};
my $own = $ENV{PLACE} eq 'own';
my $dir = "/tmp/attach.$$";
my $patience = 60;
my ($victim, $server);
our $port;
our %at = map { my ($addr, undef, $name) = split; $name => hex $addr } grep { /^[0-9a-f]+ \w / } `nm $ENV{SEQUENCE}`;

sub at { return $at{$_[0]} }
sub is_own { return $own }

# --- what is told

sub ok($$) {
	my ($good, $name) = @_;

	$count++;
	$failed ||= !$good && $name !~ /# TODO/;
	print $good ? '' : 'not ', "ok $count - $name\n";
	return $good;
}

sub skip { $count++; print "ok $count - $_[0] # SKIP $_[1]\n" }

sub diag { print map { "# $_\n" } map { split /\n/ } @_ }

# Nothing is left, whatever happens.
END {
	my $status = $?;
	inside("kill -9 $server 2>/dev/null") if $server;
	end_victim();
	inside("rm -rf $dir");
	$? = $status;
}

sub finish {
	print "1..$count\n";
	exit($failed ? 1 : 0);
}

# --- there

# A shell command's output, without its last line end.
sub inside {
	my ($command) = @_;

	open my $pipe, '-|', @in, $command or die "$in[0]: $!";
	local $/;
	my $output = <$pipe> // '';
	close $pipe;
	$output =~ s/\n\z//;
	return $output;
}

my $program = $own ? "$ENV{PWD}/build/kvm-gdbserver" : 'kvm-gdbserver';
my $vmm = $own ? "$ENV{PWD}/build/victim" : 'victim';

sub program { return $program }

# Its process id. Options of the VMM's; an image is the sequence's.
sub start_victim {
	my ($options) = @_;

	end_victim();
	my $image = ($own ? "$ENV{PWD}/" : '') . $ENV{SEQUENCE_IMAGE};
	$victim = inside("mkdir -p $dir && cd $dir && rm -f ask answer && mkfifo ask answer &&
		{ $vmm --control $dir $options $image >vmm 2>&1 </dev/null & echo \$!; }");
	ask_victim('report'); # which is answered when the VM is there
	return $victim;
}

sub victim_pid { return $victim }

# Its answer to a command; empty when there is none.
sub ask_victim {
	my ($command, $seconds) = @_;

	$seconds //= 30;
	return inside("timeout $seconds sh -c 'echo $command >$dir/ask; read -r line <$dir/answer; echo \"\$line\"' 2>/dev/null");
}

sub is_alive { return inside("grep -s State: /proc/$_[0]/status") =~ /State:\s+[^ZX]/ }

sub end_victim {
	inside("kill -9 $victim 2>/dev/null; while [ -e /proc/$victim ] && ! grep -q 'State:.Z' /proc/$victim/status 2>/dev/null; do sleep 0.05; done") if $victim;
	$victim = undef;
}

# Every vCPU runs on, nothing is broken; and the VMM has seen no EINTR but its own, unless $spurious are allowed. What is wrong, or ''.
sub lives {
	my ($spurious) = @_;
	my $report;

	ask_victim('report');
	for (my $i = 0; $i < 20; $i++) {
		sleep 0.2;
		$report = ask_victim('report');
		last if $report !~ /running=(\d+)\/(\d+)/ || $1 == $2;
	}
	return 'the VMM has gone: ' . inside("tail -n 3 $dir/vmm") if $report eq '';
	my ($running, $vcpus) = $report =~ /running=(\d+)\/(\d+)/ or return $report;
	my ($uncaused, $lost, $foreign) = $report =~ /uncaused=(\d+) lost=(\d+) foreign=(\d+)/;
	return '' if $running == $vcpus && $report =~ /sequence=unbroken/ && !$lost && !$foreign && $uncaused <= ($spurious // 0);
	return $report;
}

sub expect_victim {
	my ($name, $spurious) = @_;
	my $wrong = lives($spurious);

	ok($wrong eq '', $name) or diag($wrong);
	return $wrong eq '';
}

# --- the server

# Attached to the victim, or to another process, and run by way of another command; its process id, or undef with what it said in server_log().
sub start_server {
	my (%how) = @_;
	my $pid = $how{pid} // $victim;
	my $options = $how{options} // '';
	my $by = $how{by} // '';

	$server = inside("mkdir -p $dir; cd $dir; rm -f status pid server;
		{ sh -c 'echo \$\$ >pid; exec $by $program $options --attach $ENV{COMM} $pid'; echo \$? >status; } >server 2>&1 </dev/null &
		for i in \$(seq 600); do
			grep -q '^Listening' server 2>/dev/null || [ -s status ] && break
			sleep 0.05
		done
		cat pid");
	return undef if server_log() !~ /^Listening on port (\d+)/m;
	$port = $1;
	$port = $1 if $ENV{TARGET} =~ /:(\d+)$/;
	return $server;
}

# A command that runs another one as nobody, who cannot open /dev/kvm; or undef.
sub without_kvm {
	inside(<<"END");
mkdir -p $dir; cd $dir; : >none; chmod 0 none
cat >nobody <<'SCRIPT'
#!/bin/sh
mount --bind $dir/none /dev/kvm || exit 1
setpriv --reuid 65534 true 2>/dev/null && exec setpriv --reuid 65534 --regid 65534 --clear-groups "\$@"
exec su -s /bin/sh nobody -c "exec \$*"
SCRIPT
chmod 755 . nobody
END
	return inside("unshare -m $dir/nobody sh -c 'test -r /dev/kvm || id -u' 2>/dev/null") =~ /^[1-9]\d*$/ ? "unshare -m $dir/nobody" : undef;
}

sub server_pid { return $server }
sub server_log { return inside("cat $dir/server 2>/dev/null") }

# The exit status, when it has ended within so many seconds.
sub server_status {
	my ($seconds) = @_;

	return inside("for i in \$(seq " . (($seconds // 10) * 20) . "); do [ -s $dir/status ] && break; sleep 0.05; done; cat $dir/status 2>/dev/null");
}

sub kill_server {
	my ($signal) = @_;

	inside("kill -$signal $server 2>/dev/null");
	return server_status();
}

# --attach with this process is refused in one line that matches, with this exit status.
sub refused_with {
	my ($name, $pid, $pattern, $status) = @_;
	my $output = inside("timeout 30 $program --attach :0 $pid 2>&1 </dev/null; echo \"status \$?\"");

	ok($output =~ /^[^\n]*(?:$pattern)[^\n]*\nstatus $status$/, $name) or diag($output);
}

sub refused { refused_with(@_, 1) }
sub misused { refused_with(@_, 'number', 2) }

# --- the client

# The number of the pc; as in stress.exp.
my %pc = (x86_64 => '10', arm64 => '20', riscv64 => '20', powerpc => '20');

sub set_port { $port = $_[0] }

sub client {
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or return undef;

	$socket->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
	my $c = { socket => $socket, in => '' };
	my $answer = ask($c, 'QStartNoAckMode');
	return undef if $answer eq 'no answer';
	syswrite $socket, '+';
	$c->{acks} = $answer ne 'OK'; # QEMU's stub knows of no other way
	ask($c, 'qSupported:swbreak+;hwbreak+;vContSupported+;error-message+');
	ask($c, 'vCont?');
	return $c;
}

sub vanish {
	my ($c) = @_;

	setsockopt($c->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
	close $c->{socket};
}

sub say_only {
	my ($c, @texts) = @_;

	syswrite $c->{socket}, join('', map { sprintf '$%s#%02x', $_, unpack('%8C*', $_) } @texts);
}

# The next packet that is no console output; undef when none comes.
sub hear {
	my ($c, $seconds) = @_;
	my $select = IO::Select->new($c->{socket});

	for (;;) {
		while ($c->{in} =~ s/^[^\$]*\$([^#]*)#..//s) {
			my $packet = $1;
			$c->{said} .= pack 'H*', $1 if $packet =~ /^O((?:[0-9a-f]{2})+)$/;
			syswrite $c->{socket}, '+' if $c->{acks};
			return $packet unless $packet =~ /^O[0-9a-f]/;
		}
		return undef unless $select->can_read($seconds // $patience);
		return undef unless sysread $c->{socket}, $c->{in}, 65536, length $c->{in};
	}
}

sub ask {
	my ($c, $text) = @_;

	say_only($c, $text);
	return hear($c) // 'no answer';
}

# What a `monitor` command prints, and its refusal.
sub monitor {
	my ($c, $line) = @_;

	$c->{said} = '';
	my $reply = ask($c, 'qRcmd,' . unpack 'H*', $line);
	return $c->{said} . ($reply eq 'OK' ? '' : $reply);
}

sub interrupt {
	my ($c) = @_;

	syswrite $c->{socket}, "\003";
	return hear($c) // 'no answer';
}

# Has the connection ended?
sub gone {
	my ($c) = @_;

	return !defined hear($c, 10);
}

# Where the thread is that a stop reply tells of; undef when it is none.
sub stopped_at {
	my ($reply) = @_;

	return undef unless $reply =~ /(?:^T..|;)0*$pc{$ENV{ARCH}}:([0-9a-f]{16});/;
	return unpack 'Q<', pack 'H*', $1;
}

my $kind;

# How long the instruction is that turn() begins with.
sub kind {
	my ($c) = @_;

	return 1 if $ENV{ARCH} eq 'x86_64';
	return 4 if $ENV{ARCH} ne 'riscv64';
	$kind //= (hex(ask($c, sprintf 'm%x,1', at('turn'))) & 3) == 3 ? 4 : 2;
	return $kind;
}

# A packet of breakpoints: Z0, z0, Z1, with turn(), or whatever it is given.
sub point {
	my ($c, $type, $where) = @_;

	return ask($c, sprintf '%s,%x,%d', $type, at($where // 'turn'), kind($c));
}

1;
