# SPDX-License-Identifier: BSD-2-Clause
# The binary interface of a shared library that has the functions of kvmgdb.h, as its own debugging information has it, in the form of
# stub/packaging/kvmgdb.abi: perl abi.pl LIBRARY HEADER
use strict;
use warnings;

my ($library, $header) = @ARGV;
die "usage: abi.pl LIBRARY HEADER\n" if !$header;

sub lines {
	open my $in, '-|', @_ or die "$_[0]: $!\n";
	chomp(my @lines = <$in>);
	return @lines;
}

open my $in, '<', $header or die "$header: $!\n";
my $text = do { local $/; <$in> };
my @symbols = map { /^\S+ [^A] (\S+)$/ ? $1 : () } lines('nm', '-D', '--defined-only', $library);
my @structs = sort $text =~ /^struct (kvmgdb_\w+) \{/mg;
my %members = $text =~ /^enum (kvmgdb_\w+) \{(.*?)^\}/msg;

# All questions to gdb at once, each behind a line that says what it is of.
my @questions;
sub ask { my ($of, $how) = @_; push @questions, "echo = $of\\n", $how; }

ask($_, 'whatis ' . s/@.*//r) for @symbols, sort $text =~ /^typedef .*?(kvmgdb_\w+)\(/mg;
ask("struct $_", "ptype/o struct $_") for @structs;
for my $name (sort keys %members) {
	ask("enum $name", "print sizeof(enum $name)");
	ask("\t$_", "print (int)$_") for $members{$name} =~ /^\t(KVMGDB_\w+)/mg;
}

print map { /SONAME.*\[(.*)\]/ ? "$1\n" : () } lines('readelf', '-d', $library);
my $of = '';
for (lines('gdb-multiarch', '-nx', '-q', '-batch', '-ex', 'set width 0', (map { ('-ex', $_) } @questions), $library)) {
	$of = $1 if /^= (.*)/;
	print "$of\n" if /^type = struct .*\{$|^\/\*.*type = struct .*\{$/;
	print "$of: $1\n" if /^type = (?!struct .*\{$)(.*)/ || /^\$\d+ = (.*)/;
	print "\ttotal $1\n" if m{total size \(bytes\): +(\d+)};
	print "\t$1 $2 $3\n" if m{^/\* *(\d+) *\| *(\d+) *\*/ +(.*);$};
}
