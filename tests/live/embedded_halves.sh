# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, with vmm_halves.c.

EXAMPLE=vmm_halves
. tests/live/embedded.sh
