# SPDX-License-Identifier: BSD-2-Clause
# attach, many times over.

export CYCLES="${CYCLES:-50}" PARTS="${PARTS:-cycles kill kill_any}"
perl tests/live/attach.pl
