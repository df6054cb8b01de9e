# SPDX-License-Identifier: BSD-2-Clause
# The lists of embedded_filter.sh hold nothing in vain: with any one entry left out, something fails.

# The numbers of the entries are asked of the program itself, which a machine of its own does not have here.
[ "$PLACE" = own ] || skip_all "the lists are tried on this computer's own KVM"
embed "${EXAMPLE:-vmm_filtered}"
export PARTS="${PARTS:-connect registers breakpoints stepping memory hardware end interrupt reconnect conditions own_steps interrupts smp non_stop calls}"
export BATCHES=auto EMBEDDED=1
count=0
status=0

# What this session on x86-64 has no occasion for.
is_untried()
{
	case $1 in
	5 | 262) return 0 ;;						 # one of the two, as the C library likes
	9 | 10 | 11) return 0 ;;					 # malloc(), where it grows otherwise
	0x4138ae84 | 0x4008ae89 | 0x8040ae9f | 0x4040aea0) return 0 ;; # a guest that debugs itself
	0x8004ae98 | 0x4004ae99) return 0 ;;				 # a vCPU that is off, or halted
	0x9000aecf) return 0 ;;					 # a processor with AMX
	0x4010aeac) return 0 ;;					 # an id that the description does not know, written
	0xc018aedc) return 0 ;;					 # whether there is such a call was asked before
	esac
	[ "${EXAMPLE:-}" = vmm_serving_filtered ] || return 1
	case $1 in
	48) return 0 ;;			 # a client that is cut off
	12) return 0 ;;			 # malloc() in the process's first thread, which runs no vCPU here
	0x4010aeab | 0xc018aedd) return 0 ;; # an MSR by its id, as newer kernels have it; many of them at once, by a module
	0xc008ae91 | 0xc004ae02) return 0 ;; # the description for the next client, by monitor mode
	0x4400ae8f | 0x4188aea7) return 0 ;; # the local APIC and XCR0, written
	esac
	return 1
}

ulimit -c 0 # a gdb whose terminal goes while it waits may not end well
entries=$(mktemp)
$VMM --entries | grep "^${ENTRIES:-.}" >"$entries"
while read -r entry number own; do
	count=$((count + 1))
	what="without $entry ($number) something fails"
	if [ "$own" = own ]; then
		echo "ok $count - $what # SKIP the VMM itself needs it"
	elif is_untried "$number"; then
		echo "ok $count - $what # SKIP nothing in the session asks for it"
	elif PATIENCE=60 FILTER_WITHOUT=$entry timeout 300 expect tests/live/session.exp "$ARCH" </dev/null 2>&1 |
		grep -q '^not ok\|^bail\|while executing'; then
		echo "ok $count - $what"
	else
		echo "not ok $count - $what"
		status=1
	fi
done <"$entries"
rm -f "$entries"
echo "1..$count"
exit $status
