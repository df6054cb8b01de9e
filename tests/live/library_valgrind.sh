# SPDX-License-Identifier: BSD-2-Clause
# The library is opened and closed a thousand times under valgrind: library_process.c. What KVM has written it does not know for written.

[ "$PLACE" = own ] || skip_all "valgrind is tried on this computer's own KVM"
command -v valgrind >/dev/null || skip_all "valgrind is not installed"
exec valgrind -q --error-exitcode=9 --undef-value-errors=no --leak-check=full --show-leak-kinds=definite,indirect \
	--errors-for-leak-kinds=definite,indirect build/examples/library_process "$IMAGE" "${CYCLES:-1000}"
