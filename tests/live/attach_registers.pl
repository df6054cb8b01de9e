# SPDX-License-Identifier: BSD-2-Clause
# Registers of a VM that runs in a VMM which knows of no debugger: --registers and --register with --attach, as text and as JSON. The VMM is to
# notice nothing, and the values are to be those that a debugger is told.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use JSON::PP;

my $vcpus = 2;
my %arch = (
	x86_64 => { pc => 'rip', group => 'cr', vector => 'xmm5', number => 'cr2', read_only => 'sipi_vector', near => [ 'cr1', 'cr0' ] },
	arm64 => { pc => 'pc', group => 'timer', vector => 'v5', number => 'TPIDR_EL0', read_only => 'ID_AA64MMFR0_EL1', near => [ 'sctlr_el1', 'SCTLR_EL1' ] },
	riscv64 => { pc => 'pc', group => 'system', number => 'sscratch', read_only => 'zero', near => [ 'SATP', 'satp' ] },
	powerpc => { pc => 'pc', group => 'system', vector => 'vr5', number => 'SPRG3', read_only => 'PVR', near => [ 'PVX', 'PVR' ] },
);
my $a = $arch{$ENV{ARCH}};

# What it prints, and its exit status.
sub run {
	my ($arguments, $pid) = @_;
	my $output = inside(program() . " $arguments --attach " . ($pid // victim_pid()) . ' 2>&1 </dev/null; echo "status $?"');

	$output =~ s/\n?status (\d+)\z// or die $output;
	return ($output, $1);
}

# Refused in one line that matches.
sub is_refused {
	my ($arguments, $pattern, $pid) = @_;
	my ($output, $status) = run($arguments, $pid);

	ok($status == 1 && $output =~ /^kvm-gdbserver: [^\n]*(?:$pattern)[^\n]*\z/, "$arguments is refused") or diag("$status: $output");
}

sub json {
	my ($arguments) = @_;
	my ($output, $status) = run("$arguments --json");
	my $list = eval { decode_json($output) };

	ok($status == 0 && ref $list eq 'ARRAY', "$arguments --json is JSON") or diag($output);
	return ref $list ? @$list : ();
}

# The value that a line says.
sub value {
	my ($arguments, $name) = @_;
	my ($output, $status) = run($arguments);

	return $1 if $status == 0 && $output =~ /^\Q$name\E +\S+ +\d+  (0x[0-9a-f]+)[^\n]*\z/;
	diag("$status: $output");
	return 'none';
}

start_victim("--vcpus $vcpus");

# --- all

my @before = json('--registers');
my %of = map { my $n = $_; $n => [ grep { $_->{vcpu} == $n } @before ] } 0 .. $vcpus - 1;
ok(@{$of{0}} > 80 && !grep({ "@{[map { $_->{name} } @{$of{$_}}]}" ne "@{[map { $_->{name} } @{$of{0}}]}" } 1 .. $vcpus - 1),
	'each vCPU has the same registers');
ok(@before == map({ @$_ } values %of), '... and there is no other vCPU');
ok(!grep({ defined $_->{value} && length $_->{value} != 2 + 2 * $_->{size} } @before), 'each value has its size');
expect_victim('the VMM has noticed nothing');

my ($text, $status) = run('--registers');
my @lines = split /\n/, $text;
ok($status == 0 && @lines == @before + $vcpus && $lines[0] eq 'vCPU 0' && grep({ $_ eq 'vCPU 1' } @lines), 'the text has them, vCPU by vCPU');
my ($one) = run('--registers --vcpu 1');
ok($one !~ /^vCPU/m && scalar(split /\n/, $one) == @{$of{1}}, 'those of one vCPU alone');
my @group = json("--registers --group $a->{group}");
ok(@group && @group < @before && !grep({ $_->{group} ne $a->{group} } @group), 'those of a group');

# --- one

for my $n (0 .. $vcpus - 1) {
	my ($pc) = map { hex $_->{value} } grep { $_->{name} eq $a->{pc} } @{$of{$n}};
	my $now = value("--register $a->{pc} --vcpu $n", $a->{pc});

	ok($now ne 'none' && abs(hex($now) - $pc) < 0x10000, "the pc of vCPU $n");
}
ok(value('--register pc', $a->{pc}) ne 'none', 'the pc by that name');

# --- written: a register that the guest does not use

my $n = $a->{number};
ok(value("--register $n=0x1234 --vcpu 1", $n) =~ /^0x0+1234$/, "$n of vCPU 1 is written");
ok(value("--register $n=77", $n) =~ /^0x0+4d$/, "$n of vCPU 0 is written, in decimal");
expect_victim('the VMM has noticed nothing');
ok(value("--register $n --vcpu 1", $n) =~ /^0x0+1234$/, '... and vCPU 1 has its own afterwards');
ok(value("--register $n --vcpu 0", $n) =~ /^0x0+4d$/, '... and vCPU 0');
my ($object) = json("--register $n --vcpu 1");
ok($object && $object->{vcpu} == 1 && $object->{name} eq $n && hex $object->{value} == 0x1234, 'one in JSON');
if (my $v = $a->{vector}) {
	ok(value("--register '$v={1, 2, 3, 4}'", $v) eq '0x00000004000000030000000200000001', "$v as gdb prints one");
	ok(value("--register $v=000102030405060708090a0b0c0d0e0f", $v) eq '0x0f0e0d0c0b0a09080706050403020100', "$v by its bytes");
	ok(value("--register '$v={0xff <repeats 16 times>}' --vcpu 1", $v) eq '0x' . 'ff' x 16, "$v of vCPU 1");
	ok(value("--register $v", $v) eq '0x0f0e0d0c0b0a09080706050403020100', '... and not of vCPU 0');
}
expect_victim('the VMM has noticed nothing');

# --- as a debugger is told, of what the guest does not change

my @first = json('--registers');
if (start_server()) {
	my $c = client() or die 'no client';
	my @told;

	for my $thread (1 .. $vcpus) {
		ask($c, "Hg$thread");
		push @told, map { '0x' . unpack 'H*', reverse pack 'H*', ask($c, sprintf 'p%x', $_) } 0 .. @{$of{0}} - 1;
	}
	is_refused("--register $n", 'trac');
	ok((ask($c, 'D'))[0] eq 'OK', 'the debugger leaves');
	kill_server('TERM');
	my @last = json('--registers');
	my @stay = grep { defined $first[$_]{value} && $first[$_]{group} ne 'general' && $first[$_]{value} eq ($last[$_]{value} // '') } 0 .. $#first;
	my @other = grep { $told[$_] ne $first[$_]{value} } @stay;
	ok(@stay > @first / 2, 'most registers do not change');
	ok(!@other, 'a debugger is told the same of those')
		or diag(map { "vCPU $first[$_]{vcpu}: $first[$_]{name}: $first[$_]{value}, and to a debugger $told[$_]" } @other);
} else {
	ok(0, 'a debugger is attached: ' . server_log());
}
expect_victim('the VMM has noticed nothing');

# --- refused

is_refused('--register frobnicate', 'there is no register frobnicate; --registers lists them');
is_refused("--register $a->{near}[0]", "there is no register \Q$a->{near}[0]\E; near to that: .*\\b\Q$a->{near}[1]\E\\b");
is_refused("--register $a->{read_only}=1", "$a->{read_only}: E");
is_refused("--register $n=many", 'many: not a number');
is_refused("--register $n=0x10000000000000000", 'more than 8 bytes');
is_refused("--register $n --vcpu 2", "there is no vCPU 2: the VM has $vcpus");
is_refused('--registers --group nonsense', 'there is no register group nonsense');
is_refused('--registers', '.', 1);
($text, $status) = run("--register $n --group $a->{group}");
ok($status == 2 && $text =~ /: --group goes with --registers$/m, 'a group of one register is refused');
expect_victim('the VMM has noticed nothing');
my $gone = victim_pid();
end_victim();
is_refused('--registers', '.', $gone);

finish();
