# SPDX-License-Identifier: BSD-2-Clause
# `monitor dump`: what the session says of the machine, gdb says of the file. It is fetched from where the server runs, as it is there.

. tests/live/dumps.sh
open_files
expect tests/live/dump.exp "$ARCH"
