# SPDX-License-Identifier: BSD-2-Clause
# All registers of a VM that is attached to, in one request of our module's: they are what they are one by one; the VMM has a descriptor for it
# while we are there, and none afterwards, whatever we end by.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use JSON::PP;

my $vcpus = 2;

# Value by vCPU and name.
sub registers {
	my ($batch) = @_;
	my $output = inside(program() . " --batch=$batch --registers --json --attach " . victim_pid() . ' 2>&1 </dev/null');
	my $list = eval { decode_json($output) };

	ok(ref $list eq 'ARRAY', "--batch=$batch --registers") or diag($output);
	return map { ("$_->{vcpu} $_->{name}" => $_->{value} // 'none') } ref $list ? @$list : ();
}

# Descriptors of the VMM's by what they are of.
sub descriptors {
	return inside('for fd in /proc/' . victim_pid() . '/fd/*; do readlink $fd; done | sort | uniq -c');
}

sub is_there { return descriptors() =~ m{/dev/kvm_many_regs} }

# In the VMM's own pause no register changes, but for clocks.
start_victim("--vcpus $vcpus --storm 3000 --wait");
ask_victim('pause');
my $before = descriptors();
my %first = registers('one');
my %many = registers('many');
my %last = registers('one');
my @same = grep { $first{$_} eq ($last{$_} // '') } keys %first;
my @other = grep { $first{$_} ne ($many{$_} // '') } @same;

ok(@same > 100 * $vcpus, 'most registers stay as they are');
ok(!@other, '... and are the same, one by one and all in one') or diag(map { "$_: $first{$_}, $many{$_}" } @other);
ok("@{[sort keys %first]}" eq "@{[sort keys %many]}", '... and there are no others');
ask_victim('resume');
expect_victim('the VMM has seen nothing of it');
ok(descriptors() eq $before, '... and has the descriptors that it had') or diag(descriptors());

for my $signal ('TERM', 'KILL') {
	start_server() or die 'not attached: ' . server_log();
	my $c = client() or die 'no client';
	ask($c, 'g');
	ok(is_there(), 'attached: the VMM has the device');
	ok(inside('for fd in /proc/' . victim_pid() . '/fd/*; do [ "$(readlink $fd)" = /dev/kvm_many_regs ] && grep flags: /proc/' . victim_pid() . '/fdinfo/${fd##*/}; done') =~
		/^flags:\s*0?2\d{6}$/, '... which no program inherits');
	kill_server($signal);
	ok((comes_true { descriptors() eq $before }), "SIG$signal: the VMM has the descriptors that it had") or diag(descriptors());
	expect_victim('... and lives', 2 * $vcpus);
}

finish();
