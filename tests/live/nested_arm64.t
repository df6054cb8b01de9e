# SPDX-License-Identifier: BSD-2-Clause
# On a real KVM of arm64, nested in a machine that QEMU emulates.

. tests/live/nested.sh
nested arm64 arm64 "many blocks"
