# SPDX-License-Identifier: BSD-2-Clause
# An IDE that speaks to gdb itself: gdb's own debug adapter.

fetch_client gdb-16
attach="{ \"program\": \"$PWD/$GUEST\", \"target\": \"127.0.0.1:PORT\" }"
perl tests/live/dap.pl "$GUEST" "$attach" "$client" -q -nx -i dap -iex 'set debuginfod enabled off' -iex 'set remotetimeout 60'
