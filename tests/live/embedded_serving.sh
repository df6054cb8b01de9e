# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, with vmm.c, whose vCPUs' threads serve the client.

EXAMPLE=vmm_serving
. tests/live/embedded.sh
