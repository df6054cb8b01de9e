# SPDX-License-Identifier: BSD-2-Clause
# Under AddressSanitizer and UndefinedBehaviorSanitizer: each unit test, the library in its VMMs, and a gdb session with each of the VMMs that embed it.
# Not the part that filters system calls, nor the one with small stacks: the sanitizers have system calls, and stacks, of their own.

[ "$PLACE" = own ] || skip_all "the sanitizers are tried on this computer's own KVM"
make -s -j"$(nproc)" asan >build/asan.log 2>&1 || { tail -20 build/asan.log | sed 's/^/# /'; echo "not ok 1 - the build"; exit 1; }
report=$(mktemp -d) || exit 1
count=0
failed=0

# What they say, each process in a file of its own. A program that ends by exit() has not freed everything.
ASAN_OPTIONS="log_path=$report/asan:detect_leaks=0" UBSAN_OPTIONS="print_stacktrace=1:log_path=$report/ubsan"
export ASAN_OPTIONS UBSAN_OPTIONS

# tried NAME COMMAND...
tried() {
	what=$1
	shift
	count=$((count + 1))
	if timeout 300 "$@" >"$report/out" 2>&1 </dev/null && ! ls "$report"/*san.* >/dev/null 2>&1; then
		echo "ok $count - $what"
	else
		echo "not ok $count - $what"
		cat "$report/out" "$report"/*san.* 2>/dev/null | grep -v '^ok' | head -60 | sed 's/^/# /'
		failed=1
	fi
	rm -f "$report"/*san.*
}

for test in build/asan/tests/unit/*; do
	tried "${test##*/}" "$test"
done
for part in leave busy pause kicks slots early; do
	tried "library, $part" build/asan/examples/library "$IMAGE" $part
done
for test in library_vmm library_memory library_calls library_process; do
	tried "$test" "build/asan/examples/$test" "$IMAGE"
done
export LAUNCH='sh tests/live/inside/embed' PARTS='connect registers breakpoints stepping memory end interrupt reconnect conditions smp' BATCHES=auto EMBEDDED=1
for vmm in vmm vmm_halves vmm_loop; do
	tried "the session, with $vmm" env VMM=build/asan/examples/$vmm expect tests/live/session.exp "$ARCH"
done
echo "1..$count"
rm -rf "$report"
exit $failed
