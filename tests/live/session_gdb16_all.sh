# SPDX-License-Identifier: BSD-2-Clause
# All of the session, of a newer gdb's.

fetch_client gdb-16
GDB=$client expect tests/live/session.exp "$ARCH"
