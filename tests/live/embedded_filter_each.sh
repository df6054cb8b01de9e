# SPDX-License-Identifier: BSD-2-Clause
# The lists of embedded_filter.sh hold nothing in vain: with any one entry left out, something fails.

# The numbers of the entries are asked of the program itself, which a machine of its own does not have here.
[ "$PLACE" = own ] || skip_all "the lists are tried on this computer's own KVM"
embed vmm_filtered
export PARTS="${PARTS:-connect registers breakpoints stepping memory hardware end interrupt reconnect conditions own_steps interrupts smp non_stop calls}"
export BATCHES=auto EMBEDDED=1
count=0
status=0

# each THREAD KIND N WHAT: as kvmgdb.h numbers threads, of N entries.
each()
{
	n=0
	while [ $n -lt "$3" ]; do
		count=$((count + 1))
		if FILTER_WITHOUT=$1:$2:$n timeout 300 expect tests/live/session.exp "$ARCH" 2>&1 | grep -q '^not ok\|^bail\|while executing'; then
			echo "ok $count - without $4 $n something fails"
		else
			echo "not ok $count - without $4 $n something fails"
			status=1
		fi
		n=$((n + 1))
	done
}

# shellcheck disable=SC2046 # numbers
set -- $($VMM --lengths)
each 0 0 "$1" "a vCPU thread's system call"
each 0 1 "$2" "a vCPU thread's ioctl"
each 1 0 "$3" "the server's system call"
each 1 1 "$4" "the server's ioctl"
echo "1..$count"
exit $status
