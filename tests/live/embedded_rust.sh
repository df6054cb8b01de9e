# SPDX-License-Identifier: BSD-2-Clause
# As embedded.sh, with the VMM in Rust, by the halves of a run.

[ "$PLACE" = own ] || skip_all "what is built with the shared library is tried on this computer's own KVM"
command -v rustc >/dev/null || skip_all "rustc is not installed"
make -s build/examples/vmm_rust || exit 1
EXAMPLE=vmm_rust PARTS="${PARTS:-connect breakpoints stepping interrupt reconnect smp}"
. tests/live/embedded.sh
