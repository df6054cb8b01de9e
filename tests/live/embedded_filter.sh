# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, in a VMM whose threads may call what the library says that they call, and nothing else: filtered.c.

EXAMPLE=vmm_filtered
. tests/live/embedded.sh
