# SPDX-License-Identifier: BSD-2-Clause
# As embedded_filter.sh, with vCPU threads that serve the client, and may call what the library says of such.

EXAMPLE=vmm_serving_filtered
. tests/live/embedded.sh
