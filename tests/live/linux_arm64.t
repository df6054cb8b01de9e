# SPDX-License-Identifier: BSD-2-Clause
# gdb on Debian's arm64 kernel.

. tests/live/linux.sh
linux arm64 arm64
