# SPDX-License-Identifier: BSD-2-Clause
# On a real KVM of x86-64 (SVM), nested in a machine that QEMU emulates: debug registers work there, a planted int3 does not.

. tests/live/nested.sh
nested amd64 x86_64 "auto one"
