#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The manual pages: mandoc has nothing to say of them, and kvm-gdbserver(1) has the options and the forms that the program has, no less and no
# more. What compares is tried on spoilt pages as well.

root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
cd "$root" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

. tests/lib/ok.sh

page=stub/packaging/man/kvm-gdbserver.1

for each in stub/packaging/man/*; do
	name="mandoc has no warning about ${each##*/}"
	if have mandoc; then
		ok "$name" mandoc -T lint -W warning "$each"
	else
		skip "$name" "it is not installed"
	fi
done

# What a page's section OPTIONS has an entry for, and what is named anywhere in a page or in the help.
entries()
{
	awk '/^\.SH/ { within = /OPTIONS/ } within && last == ".TP" { print } { last = $0 }' "$1" | sed 's/\\-/-/g' | sed -n 's/^\.B[IR]* \(--[a-z]*\).*/\1/p' | sort
}

named()
{
	sed 's/\\-/-/g' "$1" | grep -oE '(^|[^-[:alnum:]])--[a-z]+' | grep -oE -e '--[a-z]+' | sort -u
}

# The program's own table.
parsed()
{
	sed -n 's/^\t{ "\([a-z]*\)", \(FLAG\|TEXT\|PARSE\),.*/--\1/p' stub/options.c | sort
}

forms_of_help()
{
	sed -n 's/^Usage: kvm-gdbserver/kvm-gdbserver/p; s/^  *kvm-gdbserver/kvm-gdbserver/p' "$1" | sort
}

# Those of --help and --version are not in the help.
forms_of_page()
{
	sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p' "$1" | sed 's/\\-/-/g' | grep '^kvm-gdbserver' | grep -v -e '--help$' -e '--version' | sort
}

same()
{
	"$1" "$2" > "$tmp/left"
	"$3" "$4" > "$tmp/right"
	[ -s "$tmp/left" ] && diff "$tmp/left" "$tmp/right"
}

differ()
{
	! same "$@"
}

build/kvm-gdbserver --help > "$tmp/help"
ok "the help has the options that the program takes" same parsed '' named "$tmp/help"
ok "kvm-gdbserver.1 has an entry for each option of the help, and no other" same named "$tmp/help" entries "$page"
ok "it names no other" same named "$tmp/help" named "$page"
ok "it has the forms that the help has" same forms_of_help "$tmp/help" forms_of_page "$page"

sed '/^\.B \\-\\-once/d' "$page" > "$tmp/less"
sed 's/^\.B \\-\\-once/&\n.TP\n.B \\-\\-twice/' "$page" > "$tmp/more"
sed 's/COMM \[IMAGE\]/COMM IMAGE/' "$page" > "$tmp/form"
ok "a page without an entry is noticed" differ named "$tmp/help" entries "$tmp/less"
ok "a page with one more is noticed" differ named "$tmp/help" entries "$tmp/more"
ok "... as one that is named" differ named "$tmp/help" named "$tmp/more"
ok "a page with another form is noticed" differ forms_of_help "$tmp/help" forms_of_page "$tmp/form"

version=$(sed -n 's/.*define MACHINE_VERSION "\([^"]*\)".*/\1/p' stub/*.h stub/*/*.h)
ok "it is of this version" grep -q "kvm-gdbserver $version\"" "$page"

echo "1..$count"
