# SPDX-License-Identifier: BSD-2-Clause
# A session of a newer gdb's, which has other packets and other words for an error.

fetch_client gdb-16
GDB=$client expect tests/live/session.exp "$ARCH"
