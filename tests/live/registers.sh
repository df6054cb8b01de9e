# SPDX-License-Identifier: BSD-2-Clause
# Registers without a debugger: --registers, as text and as JSON.

case $ARCH in
x86_64) flags=cr0 bit=PE group=cr pc=rip ;;
*) flags=SCTLR_EL1 bit=SA group=timer pc=pc ;;
esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"; $IN "rm -f $there"' EXIT
there=/tmp/registers.$$
[ "$PLACE" = own ] && program=build/kvm-gdbserver || program=kvm-gdbserver
. tests/lib/status.sh

# What it prints, and what it complains of in $dir/err.
show() {
	$IN "$program --registers $* $IMAGE 2>$there"
	status=$?
	$IN "cat $there" >"$dir/err"
	return $status
}

# A condition on the JSON, in perl: $r is the list, $by{NAME} a register.
json() { # CONDITION NAME
	perl -MJSON::PP -e 'local $/; my $r = decode_json(<STDIN>); my %by = map { $_->{name} => $_ } @$r;
		exit !('"$1"')' <"$dir/json"
	ok $? "$2"
}

show >"$dir/text"
ok $? "text"
show --json >"$dir/json"
ok $? "JSON"
json 'scalar(@$r) > 100' "JSON: the general, vector and system registers"
json '!grep { !defined $_->{value} } @$r' "JSON: each has a value"
json '!grep { length($_->{value}) != 2 + 2 * $_->{size} } @$r' "JSON: of its size"
json "\$by{$flags}{fields}{$bit} == 1" "JSON: fields"
[ "$(wc -l <"$dir/text")" = "$(grep -c '"name"' "$dir/json")" ]
ok $? "both have the same registers"
entry=$(readelf -h "$GUEST" | sed -n 's/.*Entry point address: *0x//p')
grep -Eq "^$pc .* 0x0*$entry\$" "$dir/text"
ok $? "the pc is the entry"
grep -Eq "^$flags .*\[.* $bit .*\]" "$dir/text"
ok $? "text: fields"
show --group $group >"$dir/group"
[ "$(wc -l <"$dir/group")" -gt 2 ] && [ "$(wc -l <"$dir/group")" -lt 40 ]
ok $? "one group"
show --group nonsense >"$dir/out"
[ $? = 1 ] && grep -Eq "no register group nonsense: there are .*\\b$group\\b" "$dir/err"
ok $? "a group that is not there"
$IN "$program --json :0 2>$there" >"$dir/out"
[ $? = 2 ] && $IN "grep -q ': --json goes with --list, --registers or --register' $there"
ok $? "--json alone is refused"
echo "1..$count"
exit $failed
