# SPDX-License-Identifier: BSD-2-Clause
# A VM of our own without a debugger: tests/unit/host_vm.c, on this KVM.

if [ "$PLACE" = own ]; then
	build/tests/unit/host_vm
else
	machine put "$name" "build/$built-static/tests/unit/host_vm" /bin/host_vm && $IN host_vm
fi
