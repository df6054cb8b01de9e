# SPDX-License-Identifier: BSD-2-Clause
# A session of gdb's. In a nested machine with the kernel module where that has one. Where the machine is emulated, session_more.sh has the
# rest: the parts that take minutes there, and the other way of moving registers.

if [ "$PLACE" != own ]; then
	case $ARCH in
	x86_64) export BATCHES="${BATCHES:-auto one}" ;;
	*)
		load_module && export BATCHES="${BATCHES:-many}"
		export PARTS_ELSEWHERE="stress events"
		;;
	esac
fi
expect tests/live/session.exp "$ARCH"
