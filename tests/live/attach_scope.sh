# SPDX-License-Identifier: BSD-2-Clause
# Who may attach by Yama's rules, in a nested machine. After the last of them nobody may trace anything before the next boot.

[ "$PLACE" != own ] || skip_all "nothing is set on this computer itself"
PARTS='scope scope3' perl tests/live/attach_others.pl
status=$?
boot
exit $status
