# SPDX-License-Identifier: BSD-2-Clause
# library.c, library_vmm.c, library_memory.c and library_serves.c under ThreadSanitizer. Not the part that filters system calls, since ThreadSanitizer has some of its own, nor
# the one with small stacks.

make -s tsan-library >/dev/null || exit 1
setarch -R true 2>/dev/null && fixed='setarch -R' || fixed=
report=$(mktemp -d) || exit 1
count=0

# tried PROGRAM PART
tried() {
	count=$((count + 1))
	if TSAN_OPTIONS="log_path=$report/$1" $fixed "build/tsan/examples/$1" "$IMAGE" $2 >"$report/out" 2>&1 &&
		! ls "$report/$1".* >/dev/null 2>&1; then
		echo "ok $count - $1${2:+, $2}"
	else
		echo "not ok $count - $1${2:+, $2}"
		cat "$report/out" "$report/$1".* 2>/dev/null | grep -vE '^ok' | head -60 | sed 's/^/# /'
		rm -f "$report/$1".*
		failed=1
	fi
}

failed=0
for part in leave busy pause kicks slots early; do
	tried library $part
done
export VCPUS_SERVE=1
for part in leave busy pause kicks slots early; do
	tried library $part
done
unset VCPUS_SERVE
tried library_serves
for part in no_eintr mask sync words events gone comes exited eight; do
	tried library_vmm $part
done
tried library_memory
echo "1..$count"
rm -rf "$report"
exit $failed
