# SPDX-License-Identifier: BSD-2-Clause
# An IDE with the adapter of VS Code's and Theia's CDT extensions, which runs gdb.

fetch_client cdt-gdb-adapter
attach="{ \"program\": \"$PWD/$GUEST\", \"gdb\": \"gdb-multiarch\", \"target\": { \"host\": \"127.0.0.1\", \"port\": \"PORT\" } }"
perl tests/live/dap.pl "$GUEST" "$attach" "$client"
