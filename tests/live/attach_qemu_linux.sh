# SPDX-License-Identifier: BSD-2-Clause
# QEMU as Debian has it, attached to while Debian's kernel runs in it. LINUX is how many MiB that has.

LINUX=256
. tests/live/attach_qemu.sh
