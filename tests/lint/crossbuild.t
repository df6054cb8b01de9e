#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# No compiler has anything to say: gcc and clang of the whole program and its unit tests, here; and each cross compiler that is installed
# of what is compiled on every host: stub/arch/, stub/reg/, and the tables. Where a big-endian processor can be emulated, the unit
# tests of these run on it.

root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
cd "$root" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
flags="-std=gnu11 -I stub -I tests/unit -D_GNU_SOURCE -O2 -Wall -Wextra -Wshadow -Wmissing-prototypes -Werror -pthread"

. tests/lib/ok.sh

excerpt()
{
	grep -E 'error|warning|Error|undefined' | cut -c1-300 | head -20
}

# ---- the whole program, here ----

# gcc warns of some things only when it makes code. It does that for races.t as well, to which warnings are errors.
ok "gcc has no warning about the program and its unit tests" make --no-print-directory -j"$(nproc)" tsan

clang_everything()
{
	# shellcheck disable=SC2086,SC2046 # lists
	find stub tests/unit -name '*.c' ! -path '*/many_regs/kvm_*' ! -path '*/host/vm_*' -print0 |
		xargs -0 -n 8 -P "$(nproc)" clang $flags -fsyntax-only
}
name="clang has no warning about the program and its unit tests"
if have clang; then
	ok "$name" clang_everything
else
	skip "$name" "clang is not installed"
fi

# ---- what every host compiles, elsewhere ----

mkdir "$tmp/tables"
awk_files='-f xml/parse.awk -f xml/check.awk -f xml/table.awk'
tables=$(for list in xml/*.xml; do grep -q '<target ' "$list" && basename "$list" .xml; done)
for name in $tables; do
	ok "$name: its table is generated" sh -c "awk $awk_files xml/$name.xml > '$tmp/tables/$name.c'"
done

everywhere()
{
	for source in stub/arch/*.c stub/reg/*.c "$tmp"/tables/*.c; do
		# shellcheck disable=SC2086 # a list of flags
		$1 $flags -fsyntax-only "$source" || return 1
	done
}

# gcc's prefix of each, for Debian has none of some in this release.
for target in aarch64-linux-gnu loongarch64-linux-gnu mips64-linux-gnuabi64 mips64el-linux-gnuabi64 powerpc64le-linux-gnu \
	riscv64-linux-gnu s390x-linux-gnu x86_64-linux-gnu; do
	name="$target-gcc compiles stub/arch, stub/reg and the tables"
	if ! have "$target-gcc"; then
		skip "$name" "it is not installed"
	elif ! echo '#include <linux/kvm.h>' | "$target-gcc" -x c -fsyntax-only - 2> /dev/null; then
		skip "$name" "it has no header of KVM's"
	else
		ok "$name" everywhere "$target-gcc"
	fi
done

# ---- the benchmark, which runs on two of them ----

for cc in gcc clang aarch64-linux-gnu-gcc; do
	name="$cc has no warning about the benchmark"
	if ! have "$cc"; then
		skip "$name" "it is not installed"
	elif ! "$cc" -dM -E -x c /dev/null | grep -qE '__(x86_64|aarch64)__'; then
		skip "$name" "it compiles for another architecture"
	else
		# shellcheck disable=SC2086
		ok "$name" "$cc" $flags -fsyntax-only tests/bench/*.c
	fi
done

# ---- big-endian ----

# Each source once, for all of the tests.
big_endian_objects()
{
	mkdir "$tmp/$1" || return
	for source in stub/arch/*.c stub/reg/*.c "$tmp"/tables/*.c tests/unit/sim_host.c tests/unit/sim_memory.c; do
		echo "$source"
	done | xargs -P "$(nproc)" -I @ sh -c '"$1-gcc" $2 -c -o "$3/$(echo "$0" | tr / _).o" "$0"' @ "$1" "$flags" "$tmp/$1"
}

big_endian()
{
	# shellcheck disable=SC2086
	"$1-gcc" $flags -static -o "$tmp/test" "tests/unit/$3.c" "$tmp/$1"/*.o && $2 "$tmp/test"
}

for pair in s390x-linux-gnu:qemu-s390x mips64-linux-gnuabi64:qemu-mips64; do
	target=${pair%:*}
	qemu=${pair#*:}
	have "$qemu" || qemu=$qemu-static
	if have "$target-gcc" && have "$qemu"; then
		ok "$target: objects" big_endian_objects "$target"
	fi
	for test in arch_others reg_others reg_tables reg_tdesc; do
		if ! have "$target-gcc" || ! have "$qemu"; then
			skip "$target: $test" "$target-gcc or $qemu is not installed"
		else
			ok "$target: $test" big_endian "$target" "$qemu" "$test"
		fi
	done
done

echo "1..$count"
