# SPDX-License-Identifier: BSD-2-Clause
# As embedded_filter.sh, with vCPU threads that serve the client, and may call what the library says of such.

[ "$PLACE" = own ] || skip_all "the lists are tried on this computer's own KVM"
EXAMPLE=vmm_serving_filtered
. tests/live/embedded.sh
