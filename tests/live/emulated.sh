# SPDX-License-Identifier: BSD-2-Clause
# Instructions that are carried out in place of the processor, against this KVM's execution of them: tests/unit/emulated.c.

if [ "$PLACE" = own ]; then
	build/tests/unit/emulated
else
	machine put "$name" "build/$built-static/tests/unit/emulated" /bin/emulated && $IN emulated
fi
