# SPDX-License-Identifier: BSD-2-Clause
# dap_cdt, with a VMM of tests/examples in place of kvm-gdbserver.

embed vmm_loop
. tests/live/dap_cdt.sh
