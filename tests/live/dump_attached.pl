# SPDX-License-Identifier: BSD-2-Clause
# --dump FILE --attach PID: a core file of a VM that runs in a VMM which knows of no debugger. The VMM is to notice nothing, and where there is
# no room nothing is to be left.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use attach_rig qw(told);
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
	my $command = program() . ' ' . told() . " --dump $arguments --attach " . victim_pid() . ' 2>&1 </dev/null';
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
	ok($code == 2 && $usage =~ /^kvm-gdbserver: .* (?:goes with|do not go together)/m, "... and as options do not go together") or diag("$options: $code: $usage");
}

my $terminal = '</dev/null SHELL=/bin/sh script -qe /dev/null -c';
my $has_terminal = inside('command -v script') ne '';

# By a shell of its own, or by what else takes a command.
sub on_small_disk {
	my ($shell) = @_;

	return "unshare -m sh -c 'mount -t tmpfs -o size=16k none $there/full && $shell \"\$0\"; status=\$?; echo; ls -A $there/full; exit \$status'";
}

if (inside("unshare -m mount -t tmpfs none $there/full && echo yes") eq 'yes') {
	my ($full, $code) = dump_to("$there/full/core", on_small_disk('sh -c'));
	ok($code == 1 && $full =~ /^kvm-gdbserver: core: No space left on device$/m, 'a full disk is told of') or diag("$code: $full");
	ok($full !~ /^core$/m, '... and nothing is left') or diag($full);
	if ($has_terminal) {
		($full, $code) = dump_to("$there/full/core", on_small_disk($terminal));
		ok($code == 1 && $full =~ /\A(?:(?:\r *\d+ %)+\r?\n)?kvm-gdbserver: core: No space left on device\r?$/m, '... on a terminal on a line of its own') or diag("$code: $full");
	}
} else {
	skip('a full disk is told of', 'nothing can be mounted here');
}
expect_victim('the VMM has noticed nothing of that');

# On a terminal: how much is done, each time in place of what was there before; and what it says in the end has a line of its own.
if ($has_terminal) {
	my ($shown, $code) = dump_to("$there/shown", $terminal);
	my ($steps, $rest) = $shown =~ /\A((?:\r *\d+ %)+)\r +\r(.*)\z/s;
	my @percent = ($steps // '') =~ /(\d+) %/g;
	my $rises = !grep { $percent[$_] <= $percent[$_ - 1] } 1 .. $#percent;
	ok($code == 0 && @percent > 1 && $rises && $percent[-1] == 100, 'on a terminal it says how far it is') or diag($shown);
	ok(($rest // '') =~ /\Ashown: \d+ MiB of RAM, 2 vCPUs\r?\n[^%]*\z/, '... and then nothing of that is left') or diag($shown);
	($shown, $code) = dump_to("$there/shown", $terminal);
	ok($code == 1 && $shown =~ /\Akvm-gdbserver: shown: File exists\r?\z/, '... what is refused shows nothing of it') or diag($shown);
} else {
	skip('on a terminal it says how far it is', 'there is no script(1)');
}
finish();
