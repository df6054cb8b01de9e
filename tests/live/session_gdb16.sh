# SPDX-License-Identifier: BSD-2-Clause
# A session of a newer gdb's, which has other packets and other words for an error. Not all of it by default: see session_gdb16_all.sh.

fetch_client gdb-16
export PARTS="${PARTS:-connect registers breakpoints memory hardware end interrupt non_stop extended calls}"
GDB=$client expect tests/live/session.exp "$ARCH"
