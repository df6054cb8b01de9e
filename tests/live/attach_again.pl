# SPDX-License-Identifier: BSD-2-Clause
# A VMM is attached to again and again by one kvm-gdbserver --multi, with no time between, CYCLES times in each style; and sees nothing of it.
use strict;
use warnings;
use lib 'tests/live';
use attach_rig;
use attach_rig qw(is_stop one_round cycles starts_multi);

my $times = $ENV{CYCLES} // 550;

# Attach, a round, detach.
sub one_again {
	my ($c, $vcpus) = @_;
	my $stop = ask($c, sprintf 'vAttach;%x', victim_pid());

	is_stop($stop) or return "not attached: $stop";
	my $wrong = one_round($c, $vcpus);
	return $wrong if $wrong;
	my $reply = ask($c, 'D');
	return $reply eq 'OK' ? '' : "detach: $reply";
}

for my $style (@attach_rig::styles) {
	my ($name, $options, $vcpus) = @$style;

	start_victim($options);
	my $c = starts_multi() or die 'no server: ' . server_log();
	cycles($name, $times, 1, sub { one_again($c, $vcpus) });
	vanish($c);
	kill_server('TERM');
}
finish();
