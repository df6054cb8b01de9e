#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The library's binary interface is stub/packaging/kvmgdb.abi: the library as it is built, and the header as each cross compiler takes it. And
# a change of it is noticed.

root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
cd "$root" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
grep -v '^#' stub/packaging/kvmgdb.abi > "$tmp/abi"

. tests/lib/ok.sh

excerpt()
{
	head -20
}

# is_same LIBRARY HEADER
is_same()
{
	perl tests/lint/abi.pl "$1" "$2" > "$tmp/found" && diff "$tmp/abi" "$tmp/found"
}

# A library of this header, in which the functions do nothing: stand_in CC HEADER
stand_in()
{
	{
		echo "#include \"$2\""
		perl -0777 -ne 's{/\*.*?\*/}{}sg; print "$1 { __builtin_trap(); }\n" while /^((?!typedef)[a-z][^;{}()]*?\bkvmgdb_\w+\([^;{}]*\));/mg' "$2"
	} > "$tmp/stand_in.c"
	"$1" -g -fno-eliminate-unused-debug-types -shared -fPIC -nostdlib -Wl,-soname,libkvmgdb.so.0 -Wl,--version-script,"$tmp/map" \
		-o "$tmp/stand_in.so" "$tmp/stand_in.c"
}

as_header()
{
	stand_in "$1" "$2" && is_same "$tmp/stand_in.so" "$2"
}

# changed WHAT SCRIPT: sed's, of the header or of the map.
changed()
{
	sed "$2" stub/kvmgdb.h > "$tmp/changed.h"
	sed "$2" stub/packaging/kvmgdb.map > "$tmp/map"
	if cmp -s stub/kvmgdb.h "$tmp/changed.h" && cmp -s stub/packaging/kvmgdb.map "$tmp/map"; then
		echo "nothing was changed"
		return 1
	fi
	stand_in gcc "$tmp/changed.h" && ! is_same "$tmp/stand_in.so" "$tmp/changed.h" && grep -q "$1" "$tmp/found"
}

ok "the library has the interface of kvmgdb.abi" is_same build/libkvmgdb.so.0 stub/kvmgdb.h
cp stub/packaging/kvmgdb.map "$tmp/map"
for cc in gcc aarch64-linux-gnu-gcc powerpc64le-linux-gnu-gcc riscv64-linux-gnu-gcc; do
	if have $cc; then
		ok "so has the header: $cc" as_header $cc "$root/stub/kvmgdb.h"
	else
		skip "so has the header: $cc" "it is not installed"
	fi
done
ok "noticed: a member that is new" changed '104 4 int more' 's/^\tvoid (\*client).*/&\n\tint more;/'
ok "noticed: a member of another type" changed '8 8 uint64_t flags' 's/uint32_t flags;/uint64_t flags;/'
ok "noticed: another value" changed 'KVMGDB_NO_EINTR: 16' 's/NO_EINTR = 1 << 2/NO_EINTR = 1 << 4/'
ok "noticed: a value that is new" changed 'KVMGDB_MORE: 16' 's/KVMGDB_TRACE = 1 << 3/&,\n\tKVMGDB_MORE = 1 << 4/'
ok "noticed: an argument that is new" changed 'kvmgdb_stop.*, int)' 's/kvmgdb_stop(struct kvmgdb \*gdb, const char \*why/&, int more/'
ok "noticed: another result" changed 'kvmgdb_kick.*: int' 's/^void kvmgdb_kick/int kvmgdb_kick/'
ok "noticed: a function that is not exported" changed kvmgdb_open '/^\tkvmgdb_stop;/d'
ok "noticed: another version" changed KVMGDB_1 's/^KVMGDB_0/KVMGDB_1/'
echo "1..$count"
