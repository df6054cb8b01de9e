#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the library shows to a VMM: its header, its symbols, and what is installed. No KVM is needed.

root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
cd "$root" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

. tests/lib/ok.sh

excerpt()
{
	head -20
}

same()
{
	diff "$tmp/$1" "$tmp/$2"
}

# ---- names ----

# What is declared, without comments: a name and what it takes.
perl -0777 -ne 's{/\*.*?\*/}{}sg; print "$1\n" while /^(?!typedef)[a-z][^;{}()]*?\b(kvmgdb_\w+)\([^;{}]*\);/mg' stub/kvmgdb.h | sort > "$tmp/header"
sed -n 's/^\t\(kvmgdb_[a-z_]*\);$/\1/p' stub/packaging/kvmgdb.map | sort > "$tmp/map"
nm -D --defined-only build/libkvmgdb.so.0 | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort > "$tmp/shared"
nm -D --defined-only build/libkvmgdb.so.0 | awk '$2 != "T" && $3 != "KVMGDB_0"' > "$tmp/besides"
nm -g --defined-only build/libkvmgdb.a | awk 'NF == 3 { print $3 }' | sort > "$tmp/static"
# The synopsis declares them, and the rest explains them.
sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p' stub/packaging/man/libkvmgdb.3 | grep -o 'kvmgdb_[a-z_]*(' | tr -d '(' | sort > "$tmp/synopsis"
sed -n '/^\.SS A VM/,$p' stub/packaging/man/libkvmgdb.3 | grep -o 'kvmgdb_[a-z_]*' | sort -u > "$tmp/man"
ok "the header declares functions" test -s "$tmp/header"
for other in map shared static synopsis man; do
	ok "the functions of the header are those of: $other" same header $other
done
ok "the shared library exports nothing else" test ! -s "$tmp/besides"
ok "its soname is libkvmgdb.so.0, and it stays loaded" sh -c \
	'readelf -d build/libkvmgdb.so.0 | grep -q "SONAME.*\[libkvmgdb.so.0\]" && readelf -d build/libkvmgdb.so.0 | grep -q NODELETE'
ok "it needs libc alone" sh -c '! readelf -d build/libkvmgdb.so.0 | grep NEEDED | grep -vE "libc\.so|ld-linux|lib[at]san|libubsan"'

# As it is written there, in one line each.
prototypes()
{
	perl -0777 -ne 's{/\*.*?\*/}{}sg; s/\s+/ /g, print "$_\n" for /^((?!typedef)[a-z][^;{}()]*?\bkvmgdb_\w+\([^;{}]*\);)/mg' "$1" | sort
}
prototypes stub/kvmgdb.h > "$tmp/declared"
sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p' stub/packaging/man/libkvmgdb.3 |
	perl -ne 'if (s/^\.BI? //) { s/"([^"]*)"\s*/$1\x01/g; s/\s+//g if !/\x01/; s/(\w)\s+(?=[,)])/$1/g; s/[\x01\n]//g; print "$_\n" }' > "$tmp/synopsis.h"
prototypes "$tmp/synopsis.h" | sed 's/ \([,)]\)/\1/g' > "$tmp/documented"
ok "the manual page declares them as the header does" same declared documented

# ---- the header ----

for cc in "gcc -std=c99" "gcc -std=c11" "clang -std=c99" "g++ -x c++ -std=c++11" "clang++ -x c++ -std=c++11"; do
	name="$cc -Wpedantic takes the header alone"
	if command -v "${cc%% *}" > /dev/null; then
		# shellcheck disable=SC2086
		ok "$name" $cc -Wall -Wextra -Wpedantic -Werror -fsyntax-only stub/kvmgdb.h
	else
		skip "$name" "${cc%% *} is not installed"
	fi
done

# ---- a VMM with names of its own ----

cat > "$tmp/own.c" <<'END'
#include <kvmgdb.h>
#include <stdio.h>
#include <string.h>

int memory_read(void) { return 1; }
int reply_hex(void) { return 2; }
int step_run(void) { return 3; }

int main(void)
{
	struct kvmgdb_config config = { .size = sizeof(config), .flags = 0x80000000u };
	struct kvmgdb *gdb;
	char why[100];

	if (kvmgdb_open(&config, &gdb, why, sizeof(why)) >= 0)
		return 1;
	fprintf(stderr, "%s\n", why);
	puts(kvmgdb_version());
	return memory_read() + reply_hex() + step_run() != 6;
}
END

# built HOW FLAGS...: it says the version.
built()
{
	how=$1
	shift
	gcc -Wall -Werror -o "$tmp/own-$how" "$tmp/own.c" "$@" || return
	[ "$("$tmp/own-$how")" = "$version" ]
}
version=$(sed -n 's/.*define KVMGDB_VERSION_M[AI][JN]OR \([0-9]*\)/\1/p' stub/kvmgdb.h | paste -sd .)
ok "the program has the version of the header" sh -c "[ \"\$(build/kvm-gdbserver --version)\" = 'kvm-gdbserver $version' ]"
ok "the manual page has it" grep -q "kvm-gdbserver $version\"" stub/packaging/man/libkvmgdb.3
export PKG_CONFIG_PATH=build
ok "and pkg-config has" pkg-config --exact-version="$version" kvmgdb
# shellcheck disable=SC2046 # lists of flags
{
	ok "a VMM that has a memory_read() is linked in the build tree" built tree $(pkg-config --cflags --libs kvmgdb) -Wl,-rpath,build
	ok "and statically" built static -static $(pkg-config --static --cflags --libs kvmgdb)
}

# ---- what is installed ----

prefix=$tmp/installed_tree/usr
ok "make install" make --no-print-directory install DESTDIR="$tmp/installed_tree" PREFIX=/usr
find "$tmp/installed_tree" ! -type d | sed "s|$prefix/||" | sort > "$tmp/installed"
cat > "$tmp/expected" <<'END'
bin/kvm-gdbserver
include/kvmgdb.h
lib/libkvmgdb.a
lib/libkvmgdb.so
lib/libkvmgdb.so.0
lib/pkgconfig/kvmgdb.pc
share/man/man1/kvm-gdbserver.1
share/man/man3/libkvmgdb.3
END
ok "these files are" same expected installed
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$tmp/installed_tree"
# shellcheck disable=SC2046
{
	ok "a VMM is built with them" built installed $(pkg-config --cflags --libs kvmgdb) -Wl,-rpath,"$prefix/lib"
	ok "and statically" built installed-static -static $(pkg-config --static --cflags --libs kvmgdb)
}

# ---- the examples, built with what is installed ----

case $(uname -m) in
aarch64) arch=arm64 ;;
ppc64le) arch=powerpc ;;
*) arch=$(uname -m) ;;
esac

# example NAME COMPILER SOURCE FLAGS...
example()
{
	program=$1
	shift
	# shellcheck disable=SC2046
	"$@" -O2 -Wall -Wextra -Werror -pthread -o "$tmp/$program" "$tmp/machine.o" "$tmp/board.o" $(pkg-config --cflags --libs kvmgdb)
}

machine()
{
	gcc -O2 -std=gnu11 -D_GNU_SOURCE -c -o "$tmp/machine.o" tests/examples/machine.c &&
		gcc -O2 -std=gnu11 -D_GNU_SOURCE -c -o "$tmp/board.o" "tests/examples/board_$arch.c" &&
		ar rcs "$tmp/libmachine.a" "$tmp/machine.o" "$tmp/board.o"
}

go_example()
{
	(cd tests/examples/go && HOME=$tmp GOCACHE=$tmp/go GO111MODULE=off CGO_LDFLAGS="-L$tmp -lmachine" go build -o "$tmp/vmm_go" vmm.go)
}

rust_example()
{
	rustc --edition 2021 -o "$tmp/vmm_rust" -L "$tmp" -l static=machine -L "$prefix/lib" -l kvmgdb tests/examples/rust/vmm.rs
}

# What README shows is the example's: each line is one of vmm.c's, or has no more than its place.
readme()
{
	awk '/^---/ { on = heading == "In your own VMM" } { heading = $0 } on && /^    / { sub(/^    /, ""); print }' README |
		grep -v pkg-config | sed 's/^ *//' > "$tmp/readme"
	sed 's/ *\/\* gdb.*//; s/^[ \t]*//' tests/examples/vmm.c > "$tmp/example"
	[ "$(wc -l < "$tmp/readme")" -gt 15 ] && ! grep -vxFf "$tmp/example" "$tmp/readme"
}

# And it is whole: between the pieces of a program it is compiled.
readme_compiled()
{
	{
		printf '#include <err.h>\n#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include "machine.h"\n'
		sed -n '1,2p' "$tmp/readme"
		printf 'static struct machine m;\nstatic void *run_vcpu(void *arg)\n{\n\tstruct vcpu *v = arg;\n\tfor (;;) {\n'
		sed -n '/^if (kvmgdb_run/,$p' "$tmp/readme"
		printf '\t}\n}\nint main(int argc, char **argv)\n{\n\t(void)argc;\n'
		sed -n '3,/^printf/p' "$tmp/readme"
		printf '}\n'
	} > "$tmp/readme.c"
	example readme gcc -std=gnu11 -D_GNU_SOURCE -I tests/examples "$tmp/readme.c"
}

# What a VMM takes of the stub: the lines that say so, and no others name it.
lines=$(wc -l < tests/examples/vmm.c)
marked=$(grep -c '/\* gdb' tests/examples/vmm.c)
unmarked=$(sed '1,3d' tests/examples/vmm.c | grep -v '/\* gdb' | grep -cE 'gdb|why|port')
ok "vmm.c has $lines lines, $marked of them the stub's, all of these marked" test "$lines" -le 110 -a "$marked" -le 15 -a "$unmarked" = 0
ok "the machine of the examples" machine
for example in vmm vmm_halves vmm_loop; do
	ok "$example.c" example $example gcc -std=gnu11 -D_GNU_SOURCE "tests/examples/$example.c"
done
ok "README has lines of vmm.c" readme
ok "and they are compiled" readme_compiled
ok "vmm.cc" example vmm_cc g++ -std=c++11 tests/examples/vmm.cc
if command -v go > /dev/null || sh tests/lib/packages.sh golang-go > "$tmp/out" 2>&1; then
	ok "vmm.go" go_example
else
	skip "vmm.go" "Go is not to be had: $(tail -n 1 "$tmp/out")"
fi
if have rustc; then
	ok "vmm.rs" rust_example
else
	skip "vmm.rs" "rustc is not installed"
fi
ok "make uninstall" make --no-print-directory uninstall DESTDIR="$tmp/installed_tree" PREFIX=/usr
ok "leaves nothing" sh -c "! find '$tmp/installed_tree' ! -type d | grep ."

echo "1..$count"
