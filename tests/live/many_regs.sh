# SPDX-License-Identifier: BSD-2-Clause
# The kernel module in a nested machine: built for its kernel, loaded, tried, unloaded.

. tests/lib/status.sh

# Sets `module`.
build() {
	if ! module=$(sh tests/machines/kbuild "$PLACE" 2>"$dir/err"); then
		sed 's/^/# /' "$dir/err"
		ok 1 "builds for the $PLACE machine's kernel"
		echo "1..$count"
		exit 1
	fi
	log=$(dirname "$module")/build.log
	ok 0 "builds for Linux $(basename "$(dirname "$module")")"
	! grep -iE 'warning|error' "$log" | sed 's/^/# /' | grep .
	ok $? "the compiler has nothing to say (W=1)"
	if grep -q '^ *CHECK ' "$log"; then
		ok 0 "nor has sparse"
	else
		skip "nor has sparse" "Debian's cannot read this kernel's headers, or they lack what calls it"
	fi
}

# try PROGRAM: its tests, in the machine, go on with our numbers.
try() {
	machine put "$name" "build/$built-static/$1" "/bin/$1" &&
		machine run "$name" "$1 $count" >"$dir/tap"
	status=$?
	cat "$dir/tap"
	count=$((count + $(grep -cE '^(not )?ok ' "$dir/tap")))
	ok $status "$1 ends well"
}

complaints='WARNING|BUG|Oops|Call Trace|Unable to handle|UBSAN|KASAN:|refcount_t|possible recursive'

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
build
machine put "$name" "$module" kvm_many_regs.ko && machine run "$name" 'dmesg -c >/dev/null; insmod kvm_many_regs.ko'
ok $? "loads"
try many_regs_values
try many_regs_misuse
machine run "$name" 'insmod kvm_many_regs.ko && rmmod kvm_many_regs'
ok $? "loads and unloads once more"
machine run "$name" dmesg >"$dir/dmesg"
! grep -E "$complaints" "$dir/dmesg" | sed 's/^/# /' | grep .
ok $? "the kernel has nothing to complain of"
grep -q 'kvm_many_regs' "$dir/dmesg"
ok $? "its log was seen: it names the module, which is not its own"
if machine run "$name" "grep -q ' kasan_init' /proc/kallsyms"; then
	ok 0 "under KASAN"
else
	skip "under KASAN" "Debian's kernel is built without it"
fi
echo "1..$count"
exit $failed
