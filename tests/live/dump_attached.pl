# SPDX-License-Identifier: BSD-2-Clause
# --dump FILE --attach PID: a core file of a VM that runs in a VMM which knows of no debugger. The VMM is to notice nothing, and where there is
# no room nothing is to be left.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use MIME::Base64;

my $there = "/tmp/dump_attached.$$";
my $here = "/tmp/dump_attached_here.$$";

END {
	my $status = $?;
	inside("rm -rf $there");
	unlink $here;
	$? = $status;
}

# What it prints, and its exit status; by way of another command.
sub dump_to {
	my ($arguments, $by) = @_;
	my $command = program() . " --dump $arguments --attach " . victim_pid() . ' 2>&1 </dev/null';
	my $output = inside(($by ? "$by '$command'" : $command) . '; echo "status $?"');

	$output =~ s/\n?status (\d+)\z// or die $output;
	return ($output, $1);
}

sub is_refused {
	my ($pattern, $name, @how) = @_;
	my ($output, $status) = dump_to(@how);

	ok($status == 1 && $output =~ /^kvm-gdbserver: [^\n]*$pattern[^\n]*\z/, "$name is refused") or diag("$status: $output");
}

inside("mkdir -p $there/full");
start_victim('--vcpus 2');
my ($output, $status) = dump_to("$there/core");
ok($status == 0 && $output =~ /^core: \d+ MiB of RAM, 2 vCPUs\n/, 'a core file is written of a VM that runs') or diag("$status: $output");
expect_victim('the VMM has noticed nothing');
ok(inside("stat -c %a $there/core") eq '600', 'nobody else may read it');

open my $file, '>', $here or die;
print $file decode_base64(inside("gzip -1c $there/core | base64"));
close $file;
my $said = `gzip -dc <$here | cp --sparse=always /dev/stdin $here.core; gdb-multiarch -q -nx -batch -ex 'compare-sections .text' -ex 'info threads' -c $here.core $ENV{SEQUENCE} 2>&1; rm $here.core`;
ok($said =~ /^Section \.text, .*: matched/m, 'gdb finds the guest in it') or diag($said);
ok(scalar(() = $said =~ /LWP \d/g) >= 2 && $said =~ /^\* 1 /m, '... and its vCPUs') or diag($said);

is_refused('File exists', 'one that is there', "$there/core");
is_refused('No such file', 'a directory that is not there', "$there/none/core");
is_refused('plain name', 'a directory', "$there/");
for my $options ("--dump $there/x --json --attach " . victim_pid(), "--dump $there/x", '--virtual --attach :0 ' . victim_pid()) {
	my ($usage, $code) = inside(program() . " $options 2>&1 </dev/null; echo \"status \$?\"") =~ /(.*)status (\d+)/s;
	ok($code == 2 && $usage =~ /^usage:/i, "... and as options do not go together") or diag("$options: $code: $usage");
}

my $small = "unshare -m sh -c 'mount -t tmpfs -o size=16k none $there/full && sh -c \"\$0\"; status=\$?; echo; ls -A $there/full; exit \$status'";
if (inside("unshare -m mount -t tmpfs none $there/full && echo yes") eq 'yes') {
	my ($full, $code) = dump_to("$there/full/core", $small);
	ok($code == 1 && $full =~ /^kvm-gdbserver: core: No space left on device$/m, 'a full disk is told of') or diag("$code: $full");
	ok($full !~ /^core$/m, '... and nothing is left') or diag($full);
} else {
	skip('a full disk is told of', 'nothing can be mounted here');
}
expect_victim('the VMM has noticed nothing of that');
finish();
