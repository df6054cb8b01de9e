# SPDX-License-Identifier: BSD-2-Clause
# What takes long of library_vmm.c.

PART=long
. tests/live/library_vmm.sh
