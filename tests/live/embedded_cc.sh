# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, with vmm.cc.

command -v g++ >/dev/null || skip_all "g++ is not installed"
make -s build/examples/vmm_cc || exit 1
EXAMPLE=vmm_cc PARTS="${PARTS:-connect registers breakpoints stepping interrupt reconnect smp}"
. tests/live/embedded.sh
