# SPDX-License-Identifier: BSD-2-Clause
# gdb on Debian's arm64 kernel.

. tests/live/linux.sh
# SEGMENT_ALIGN and KIMAGE_VADDR of Linux 6.1: arch/arm64/include/asm/memory.h
linux arm64 arm64 _stext 0x10000 0xffff800008000000
