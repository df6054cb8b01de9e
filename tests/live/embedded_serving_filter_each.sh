# SPDX-License-Identifier: BSD-2-Clause
# As embedded_filter_each.sh, of what a vCPU's thread calls that serves the client. The server's list is the same.

EXAMPLE=vmm_serving_filtered
ENTRIES=2:
. tests/live/embedded_filter_each.sh
