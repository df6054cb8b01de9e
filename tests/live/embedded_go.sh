# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, with the VMM in Go: its runtime sends signals to its threads all the time, and moves what runs between them.

command -v go >/dev/null || why=$(sh tests/lib/packages.sh golang-go 2>&1) || skip_all "Go is not to be had: $(echo "$why" | tail -n 1)"
make -s build/examples/vmm_go || exit 1
EXAMPLE=vmm_go PARTS="${PARTS:-connect registers breakpoints stepping interrupt reconnect smp}"
. tests/live/embedded.sh
