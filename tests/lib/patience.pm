# SPDX-License-Identifier: BSD-2-Clause
# Waiting, in tests: for a state, and for no time that a slow computer would need more of.
package patience;
use strict;
use warnings;
use Exporter 'import';
use Time::HiRes qw(sleep time);

our @EXPORT = qw(comes_true $patience);
our $patience = 60; # seconds: longer than anything takes

# Is it so, now or at last? What the block returns.
sub comes_true(&) {
	my ($is) = @_;
	my $until = time + $patience;
	my $value;

	sleep 0.05 until ($value = $is->()) || time > $until;
	return $value;
}

1;
