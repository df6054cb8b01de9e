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
use lib 'tests/lib';
use patience;

our @EXPORT = qw(comes_true $patience ok skip diag finish inside start_victim ask_victim is_alive end_victim lives ended_by_debug_exit victim_pid expect_victim
	start_server kill_server server_log server_status server_pid refused misused
	client vanish say_only hear ask interrupt monitor stopped_at kind point at gone is_own program nobody without_kvm set_port);
our @EXPORT_OK = qw(learn_memory told processes is_stop steps hits run_on one_round one_cycle starts_multi cycles);

push @EXPORT, qw(start_launched launched_command without_bpf read_physical);

$| = 1;
$SIG{PIPE} = 'IGNORE';

my ($count, $failed) = (0, 0);
my @in = split ' ', $ENV{IN};
my $own = $ENV{PLACE} eq 'own';
my $dir = "/tmp/attach.$$";
my ($victim, $server);
our $port;
# What has to be told of the victim's memory: on ppc64le the kernel does not say where it is, and its KVM cannot be asked.
my $told = '';
# Of a function of ppc64le's, behind what only callers from elsewhere execute.
our %at = map { /: ([0-9a-f]+) .*?(?:<localentry>: (\d+)\].*)? (\S+)$/ ? ($3 => hex($1) + ($2 // 0)) : () } `readelf -sW $ENV{SEQUENCE}`;

sub at { return $at{$_[0]} }
sub is_own { return $own }

# --- what is told

sub ok($$) {
	my ($good, $name) = @_;

	$count++;
	$failed ||= !$good;
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

	my $image = ($own ? "$ENV{PWD}/" : '') . $ENV{SEQUENCE_IMAGE};
	$victim = inside(ends_victim() . "mkdir -p $dir && cd $dir && rm -f ask answer && mkfifo ask answer &&
		{ $vmm --control $dir $options $image >vmm 2>&1 </dev/null & echo \$!; }");
	ask_victim('report'); # which is answered when the VM is there
	learn_memory();
	return $victim;
}

# When it has a VM.
sub learn_memory {
	my $ram = $ENV{ARCH} eq 'powerpc' ? ask_victim('ram') : '';

	$told = $ram ? "--ram $ram" : '';
}

sub told { return $told }

sub victim_pid { return $victim }

# The processes of this parent, and by this name, as a line of numbers; or those of a process group. Not everywhere is there a pgrep.
sub processes {
	my (%of) = @_;
	my $name = $of{name} // '.*';
	my ($parent, $group) = map { exists $of{$_} ? $of{$_} // 'none' : '[0-9]*' } qw(parent group);

	return join ' ', split /\n/, inside("cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\\([0-9]*\\) ($name) . $parent $group .*/\\1/p'");
}

# Its answer to a command; empty when there is none. One that has gone, or goes meanwhile, is not waited for.
sub ask_victim {
	my ($command) = @_;
	my $lives = "grep -qs ^State:.[^ZX] /proc/$victim/status";

	return inside("$lives && timeout " . 2 * $patience . " sh -c 'exec 3<>$dir/answer; echo $command >$dir/ask;
		{ while $lives; do sleep 0.5; done; echo >&3; } >/dev/null 2>&1 &
		read -r line <&3; kill \$!; echo \"\$line\"' 2>/dev/null");
}

sub is_alive { return inside("grep -s State: /proc/$_[0]/status") =~ /State:\s+[^ZX]/ }

# The command that ends it, if there is one.
sub ends_victim {
	return $victim ? "kill -9 $victim 2>/dev/null; while [ -e /proc/$victim ] && ! grep -q 'State:.Z' /proc/$victim/status 2>/dev/null; do sleep 0.05; done; " : '';
}

sub end_victim {
	inside(ends_victim()) if $victim;
	$victim = undef;
}

# Every vCPU runs on, nothing is broken; and the VMM has seen no EINTR but its own, unless $spurious are allowed, and no immediate_exit of ours
# but $foreign, or where it was such an EINTR. What is wrong, or ''.
sub lives {
	my ($spurious, $foreign_ones) = @_;
	my $report;

	ask_victim('report');
	comes_true {
		sleep 0.2;
		$report = ask_victim('report');
		$report !~ /running=(\d+)\/(\d+)/ || $1 == $2
	};
	return 'the VMM has gone: ' . inside("tail -n 3 $dir/vmm") if $report eq '';
	my ($running, $vcpus) = $report =~ /running=(\d+)\/(\d+)/ or return $report;
	my ($uncaused, $lost, $foreign, $left) = $report =~ /uncaused=(\d+) lost=(\d+) foreign=(\d+) left=(\d+)/;
	return '' if $running == $vcpus && $report =~ /sequence=unbroken/ && !$lost && !$left && $uncaused <= ($spurious // 0) && $foreign <= ($foreign_ones // $uncaused);
	return $report;
}

# Has the VMM ended by a debug exit that it did not ask for, and said so? A KVM that emulates all that it runs says an internal error in its place.
sub ended_by_debug_exit {
	my $reasons = inside('test -d /sys/module/kvm_pvm && echo yes') ? '4|17' : '4';

	return !is_alive($victim) && inside("tail -n 1 $dir/vmm") =~ /^victim: vCPU \d+: exit reason (?:$reasons)\z/;
}

sub expect_victim {
	my ($name, $spurious) = @_;
	my $wrong = lives($spurious);

	ok($wrong eq '', $name) or diag($wrong);
	return $wrong eq '';
}

# --- the server

# A command line of kvm-gdbserver's: its process, or undef when it does not listen.
sub starts_listening {
	my ($command) = @_;
	my $looks = $patience * 20;

	($server, my $said) = split /\n/, inside("mkdir -p $dir; cd $dir; rm -f status pid server;
		{ sh -c 'echo \$\$ >pid; exec $command'; echo \$? >status; } >server 2>&1 </dev/null &
		for i in \$(seq $looks); do
			grep -q '^Listening' server 2>/dev/null || [ -s status ] && break
			sleep 0.05
		done
		cat pid server"), 2;
	return undef if ($said // '') !~ /^Listening on port (\d+)/m;
	$port = $1;
	$port = $1 if $ENV{TARGET} =~ /:(\d+)$/;
	return $server;
}

# Attached to the victim, or to another process, and run by way of another command; its process id, or undef with what it said in server_log().
sub start_server {
	my (%how) = @_;
	my $pid = $how{pid} // $victim;
	my $options = $how{options} // '';
	my $by = $how{by} // '';

	$options .= " $told" unless $how{pid};
	return starts_listening("$by $program $options --attach $ENV{COMM} $pid");
}

# A command that runs another one as nobody, who cannot open /dev/kvm; or undef.
sub without_kvm {
	my $nobody = nobody() // return undef;

	inside("cd $dir; : >none; chmod 0 none; printf '%s\\n' '#!/bin/sh' 'mount --bind $dir/none /dev/kvm && exec $nobody \"\$@\"' >hide; chmod 755 hide");
	return inside("unshare -m $dir/hide sh -c 'test -r /dev/kvm || id -u' 2>/dev/null") =~ /^[1-9]\d*$/ ? "unshare -m $dir/hide" : undef;
}

# A command that runs another one where the kernel does not tell where BPF finds what; or undef.
sub without_bpf {
	inside("mkdir -p $dir; printf '%s\\n' '#!/bin/sh' '[ ! -e /sys/kernel/btf/vmlinux ] || mount --bind /dev/null /sys/kernel/btf/vmlinux || exit' " .
		"'exec \"\$@\"' >$dir/no_bpf; chmod 755 $dir/no_bpf");
	return inside("unshare -m $dir/no_bpf echo yes 2>/dev/null") eq 'yes' ? "unshare -m $dir/no_bpf" : undef;
}

# The same with a VMM that it starts: the command line of one is launched_command(OPTIONS). The victim is what was started.
sub launched_command {
	my ($options) = @_;
	my $image = ($own ? "$ENV{PWD}/" : '') . $ENV{SEQUENCE_IMAGE};

	inside("mkdir -p $dir && cd $dir && rm -f ask answer && mkfifo ask answer");
	return "$vmm --control $dir $options $image";
}

sub start_launched {
	my ($command, %how) = @_;
	my $options = $how{options} // '';

	end_victim();
	my $by = $how{by} // '';
	my $listens = starts_listening("$by $program $options $ENV{COMM} -- $command");
	$victim = $1 if server_log() =~ /created; pid = (\d+)/;
	return $listens;
}

sub server_pid { return $server }
sub server_log { return inside("cat $dir/server 2>/dev/null") }

# What runs a program as nobody; undef when there is no way.
sub nobody {
	my $launcher = "$dir/as_nobody";

	inside('mkdir -p /etc; [ -e /etc/passwd ] || echo "nobody:x:65534:65534::/:/bin/sh" >/etc/passwd') unless $own;
	my $how = inside('setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; echo $?') eq '0' ?
		'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' : 'exec su -s /bin/sh nobody -c "exec $*"';
	inside("mkdir -p $dir; printf '%s\\n' '#!/bin/sh' '$how' >$launcher; chmod 755 $dir $launcher");
	return inside("$launcher true 2>/dev/null; echo \$?") eq '0' ? $launcher : undef;
}

# The exit status, when it has ended; by a shell command before that, if need be.
sub server_status {
	my $before = $_[0] // ':';

	return inside("$before; for i in \$(seq " . $patience * 20 . "); do [ -s $dir/status ] && break; sleep 0.05; done; cat $dir/status 2>/dev/null");
}

sub kill_server {
	my ($signal) = @_;

	return server_status("kill -$signal $server 2>/dev/null");
}

# --attach with this process is refused in one line that matches, with this exit status; run by way of `by`.
sub refused_with {
	my ($name, $pid, $pattern, $status, $by) = @_;
	my $output = inside(($by // '') . " timeout $patience $program --attach :0 $pid 2>&1 </dev/null; echo \"status \$?\"");

	ok($output =~ /^[^\n]*(?:$pattern)[^\n]*\nstatus $status$/, $name) or diag($output);
}

sub refused { refused_with(@_[0 .. 2], 1, $_[3]) }
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

# Four bytes of the guest's memory, whatever its tables say.
sub read_physical {
	my ($c, $at) = @_;

	return 'no physical memory' if ask($c, 'Qqemu.PhyMemMode:1') ne 'OK';
	my $memory = ask($c, sprintf 'm%x,4', $at);
	ask($c, 'Qqemu.PhyMemMode:0');
	return $memory;
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

# Attach, rounds, detach, the server's end. how: as for start_server().
sub one_cycle {
	my ($vcpus, $rounds, %how) = @_;

	start_server(%how) or return 'not attached: ' . server_log();
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

# A client of one that attaches to what it is told, and lives longer than an attachment. It cannot be told where memory is.
sub starts_multi {
	starts_listening("$program --multi $ENV{COMM}") or return undef;
	my $c = client() or return undef;
	ask($c, '!');
	return $c;
}

# How VMMs run their vCPUs and kick them; how many vCPUs; rounds of an attachment.
our @styles = (
	[ '1 vCPU', '--vcpus 1 --storm 3000 --wait', 1, 4 ],
	[ '2 vCPUs', '--vcpus 2 --storm 2000 --wait', 2, 4 ],
	[ '8 vCPUs', '--vcpus 8 --storm 2000 --wait --sleep 200', 8, 2 ],
	[ 'signals that do nothing', '--vcpus 2 --style plain --storm 3000 --wait', 2, 3 ],
	[ 'KVM_SET_SIGNAL_MASK', '--vcpus 2 --style mask --storm 3000 --wait', 2, 3 ],
	[ 'a vCPU in the main thread', '--vcpus 2 --main --storm 3000 --wait', 2, 3 ],
	[ 'a storm', '--vcpus 2 --storm 200', 2, 3 ],
	[ 'no kicks', '--vcpus 2', 2, 3 ],
);

# does: attaches, so many rounds, and leaves; what is wrong, or ''.
sub cycles {
	my ($name, $times, $rounds, $does) = @_;
	my ($wrong, $from, $done) = ('', time, 0);
	$done++ until $done == $times || ($wrong = $does->());
	ok($wrong eq '', "$name: $times times attached, " . $times * $rounds . ' rounds of steps, breakpoints and pauses') or diag("$wrong (cycle $done)");
	expect_victim("$name: ... and the VMM has seen nothing of it");
	diag(sprintf '%s: %.1f s; %s', $name, time - $from, ask_victim('report'));
}

1;
