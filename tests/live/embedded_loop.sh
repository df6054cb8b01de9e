# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, with vmm_loop.c.

EXAMPLE=vmm_loop
. tests/live/embedded.sh
