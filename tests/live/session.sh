# SPDX-License-Identifier: BSD-2-Clause
# A session of gdb's. In a nested machine once for each way of moving registers, with the kernel module where that has one.

if [ "$PLACE" != own ]; then
	case $ARCH in
	x86_64) export BATCHES="${BATCHES:-auto one}" ;;
	arm64) load_module && export BATCHES="${BATCHES:-many blocks}" ;;
	powerpc | riscv64) load_module && export BATCHES="${BATCHES:-many one}" ;;
	esac
fi
expect tests/live/session.exp "$ARCH"
