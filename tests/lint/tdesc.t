#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The register database as its readers see it: the generator under every awk, what it refuses, ids against the kernel's headers
# and the assembler, and target.xml against a schema, gdb and lldb.

root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
cd "$root" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
architectures="aarch64 i386 i8086 loongarch64 mips64 ppc64le riscv64 s390x x86_64"
awk_files='-f xml/parse.awk -f xml/check.awk -f xml/table.awk'

. tests/lib/ok.sh

# ---- the generator ----

same_table()
{
	# shellcheck disable=SC2086
	$1 -v "check=$3" $awk_files "xml/$2.xml" | cmp - "$tmp/$2.$3"
}

for arch in $architectures; do
	ok "$arch: a table is generated" sh -c "awk $awk_files xml/$arch.xml > '$tmp/$arch.0'"
	ok "$arch: checks are generated" sh -c "awk -v check=1 $awk_files xml/$arch.xml > '$tmp/$arch.1'"
	for awk in mawk gawk "busybox awk"; do
		if $awk 'BEGIN { exit 0 }' 2> /dev/null; then
			ok "$arch: $awk writes the same table" same_table "$awk" "$arch" 0
			ok "$arch: $awk writes the same checks" same_table "$awk" "$arch" 1
		else
			skip "$arch: $awk writes the same" "$awk is not installed"
		fi
	done
done

# refuses NAME WHERE FEATURE-LINES [SENTENCE]: the generator says FILE:LINE, and the sentence, and ends with 1.
refuses()
{
	mkdir -p "$tmp/bad"
	printf '%s\n' '<target version="1.0">' '<architecture>a</architecture>' '<kvm:block name="regs" number="0"/>' \
		'<xi:include href="f.xml"/>' '</target>' > "$tmp/bad/a.xml"
	printf '%s\n' '<feature name="f">' "$3" '</feature>' > "$tmp/bad/f.xml"
	ok "$1" says_where "$2" "$4"
}

says_where()
{
	# shellcheck disable=SC2086
	awk $awk_files "$tmp/bad/a.xml" > "$tmp/bad/out" 2> "$tmp/bad/err"
	status=$?
	cat "$tmp/bad/err"
	[ $status -eq 1 ] && [ ! -s "$tmp/bad/out" ] && grep -q "^$tmp/bad/f.xml:$1: .*$2" "$tmp/bad/err"
}

id='kvm:id="0x6030000000100000"'
other='kvm:id="0x6030000000100002"'
good="<reg name=\"r\" bitsize=\"64\" $id/>"
refuses "refused: an unknown attribute" 2 "<reg name=\"r\" bitsize=\"64\" size=\"8\" $id/>"
refuses "refused: an attribute twice" 2 "<reg name=\"r\" name=\"s\" bitsize=\"64\" $id/>"
refuses "refused: no name" 2 "<reg bitsize=\"64\" $id/>"
refuses "refused: no size" 2 "<reg name=\"r\" $id/>"
refuses "refused: half a byte" 2 "<reg name=\"r\" bitsize=\"4\" $id/>"
refuses "refused: no bit at all" 2 "<reg name=\"r\" bitsize=\"0\" $id/>"
refuses "refused: a name twice" 3 "$good
<reg name=\"r\" bitsize=\"64\" $other/>" "register r twice"
refuses "refused: no source" 2 '<reg name="r" bitsize="64"/>'
refuses "refused: two sources" 2 "<reg name=\"r\" bitsize=\"64\" kvm:from=\"x\" $id/>"
refuses "refused: an id of another architecture" 3 "$good
<reg name=\"s\" bitsize=\"64\" kvm:id=\"0x8030000000100002\"/>" "another architecture"
refuses "refused: an id of too small a value" 2 '<reg name="r" bitsize="64" kvm:id="0x6020000000100000"/>' "32 bits"
refuses "refused: an id twice" 3 "$good
<reg name=\"s\" bitsize=\"64\" $id/>" "that of r"
refuses "refused: an id of 15 digits" 2 '<reg name="r" bitsize="64" kvm:id="0x603000000010000"/>'
refuses "refused: an unknown block" 2 '<reg name="r" bitsize="64" kvm:block="fpu:r" kvm:at="0x0"/>'
refuses "refused: a field without its offset" 2 '<reg name="r" bitsize="64" kvm:block="regs:r"/>'
refuses "refused: an offset without a block" 2 "<reg name=\"r\" bitsize=\"64\" kvm:at=\"0x0\" $id/>"
refuses "refused: an attribute of a device of 32 bits" 2 '<reg name="r" bitsize="32" kvm:attr="6:0xc230"/>'
refuses "refused: an access that is not r" 2 "<reg name=\"r\" bitsize=\"64\" kvm:access=\"w\" $id/>"
refuses "refused: a mode that is not 64" 2 "<reg name=\"r\" bitsize=\"64\" kvm:mode=\"32\" $id/>"
refuses "refused: an unknown kind" 2 "<reg name=\"r\" bitsize=\"64\" kvm:kind=\"state\" $id/>"
refuses "refused: a general register of a kind" 2 "<reg name=\"r\" bitsize=\"64\" group=\"general\" kvm:kind=\"clock\" $id/>"
refuses "refused: a computed register of 128 bits" 2 '<reg name="r" bitsize="128" kvm:from="x"/>'
refuses "refused: an unknown type" 2 "<reg name=\"r\" bitsize=\"64\" type=\"t\" $id/>"
refuses "refused: a type of another size" 2 "<reg name=\"r\" bitsize=\"64\" type=\"int32\" $id/>"
refuses "refused: a width of one that has no id" 2 '<reg name="r" bitsize="64" kvm:from="x" kvm:times="t"/>'
refuses "refused: a type of another width" 3 "<vector id=\"v\" type=\"int8\" count=\"8\" kvm:times=\"t\"/>
<reg name=\"r\" bitsize=\"64\" type=\"v\" $id/>"
refuses "refused: members of several widths" 5 '<vector id="v" type="int8" count="8" kvm:times="t"/>
<union id="u">
<field name="a" type="int8"/>
<field name="b" type="v"/>'
refuses "refused: a field outside its type" 3 '<flags id="t" size="4">
<field name="a" start="31" end="32"/>
</flags>'
refuses "refused: a field that ends before it starts" 3 '<flags id="t" size="4">
<field name="a" start="3" end="2"/>
</flags>'
refuses "refused: a bit in two fields" 4 '<flags id="t" size="4">
<field name="a" start="3" end="5"/>
<field name="b" start="5" end="5"/>
</flags>'
refuses "refused: a type after a register" 3 "$good
<vector id=\"v\" type=\"int8\" count=\"8\"/>"
refuses "refused: a general register after another" 3 "$good
<reg name=\"s\" bitsize=\"64\" group=\"general\" $other/>"
refuses "refused: a line that is no element" 2 'reg name="r"'
refuses "refused: two elements on a line" 2 "$good$good"
refuses "refused: a type that is not closed" 4 '<flags id="t" size="4">
<field name="a" start="0" end="0"/>'

# ---- ids and offsets against the kernel's headers ----

check_headers()
{
	$1 -std=gnu11 -Wall -Wextra -Werror -fsyntax-only "-DIDS=\"$tmp/$2.1\"" "tests/lint/ids_$3.c" &&
		$1 -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -I stub "tests/lint/offsets_$3.c"
}

# The same with spoilt copies: the last bit of each id is another, and then each offset.
notices()
{
	sed 's/^\(CHECK_ID.*\)0)$/\11)/; t; s/^\(CHECK_ID.*\)[1-9a-f])$/\10)/' "$tmp/$2.1" > "$tmp/ids.1"
	sed '/^_Static_assert/s/== 0x/== 1 + 0x/' "$tmp/$2.1" > "$tmp/offsets.1"
	spoilt=0
	for what in ids offsets; do
		cmp -s "$tmp/$2.1" "$tmp/$what.1" && continue
		check_headers "$1" $what "$3" > "$tmp/$what.out" 2>&1 && { echo "wrong $what are not noticed"; return 1; }
		spoilt=$((spoilt + 1))
	done
	[ $spoilt -gt 0 ]
}

for arch in $architectures; do
	kvm=$arch # whose KVM it is
	case $arch in
	i386 | i8086) kvm=x86_64 cc=x86_64-linux-gnu-gcc ;;
	mips64) cc=mips64-linux-gnuabi64-gcc ;;
	ppc64le) cc=powerpc64le-linux-gnu-gcc ;;
	*) cc=$arch-linux-gnu-gcc ;;
	esac
	[ "$(uname -m)" = "$kvm" ] && cc=${CC:-cc}
	name="$arch: ids and offsets are those of <asm/kvm.h>"
	if ! have "${cc%% *}"; then
		skip "$name" "$cc is not installed"
	elif ! echo '#include <linux/kvm.h>' | $cc -x c -fsyntax-only - 2> /dev/null; then
		skip "$name" "$cc has no header of KVM's"
	else
		ok "$name" check_headers "$cc" "$arch" "$kvm"
		ok "$arch: ids and offsets that are wrong are noticed" notices "$cc" "$arch" "$kvm"
	fi
done

# riscv's extensions have ids by their place in an enum. As many as the header at hand knows are compared with it.
extension_names()
{
	echo '#include <linux/kvm.h>' | $1 -E - | tr , '\n' |
		sed -n 's/.*KVM_RISCV_\(ISA\|SBI\)_EXT_\([A-Z0-9]*\).*/\1 \2/p' | grep -v -e ' ID$' -e ' MAX$' > "$tmp/extensions"
	[ "$(wc -l < "$tmp/extensions")" -gt 10 ] || return 1
	awk '{ printf "CHECK_ID(%s_%s, 0x80300000%02d0000%02x)\n", tolower($1), tolower($2), $1 == "ISA" ? 7 : 8, place[$1]++ }' \
		"$tmp/extensions" > "$tmp/extension_ids"
	! grep -F -x -v -f "$tmp/riscv64.1" "$tmp/extension_ids"
}

cc=riscv64-linux-gnu-gcc
[ "$(uname -m)" = riscv64 ] && cc=${CC:-cc}
if have "${cc%% *}"; then
	ok "riscv64: the ids of extensions are their places in the enums" extension_names "$cc"
else
	skip "riscv64: the ids of extensions are their places in the enums" "$cc is not installed"
fi

# Every system register's name is assembled and compared with the encoding in its id. KVM exchanged two ids of the timer.
sysreg_names()
{
	sed -n 's/^CHECK_ID(\([A-Z][A-Za-z0-9_]*\), 0x6030000000\(13....\))$/\1 \2/p' "$tmp/aarch64.1" |
		grep -v -e '^CNTV_CVAL_EL0 ' -e '^CNTVCT_EL0 ' > "$tmp/sysregs"
	sed -n 's/^CHECK_ATTR(\(ICC_[A-Z0-9_]*\), 6, 0x\(....\))$/\1 \2/p' "$tmp/aarch64.1" >> "$tmp/sysregs"
	[ "$(wc -l < "$tmp/sysregs")" -gt 40 ] && grep -q '^ICC_' "$tmp/sysregs" || return 1
	unknown=0
	while read -r reg id; do
		bits=$((0x$id & 0xffff))
		generic=S$((bits >> 14 & 3))_$((bits >> 11 & 7))_C$((bits >> 7 & 15))_C$((bits >> 3 & 15))_$((bits & 7))
		printf 'mrs x0, %s\n' "$reg" > "$tmp/a.s"
		if ! $1 -march=armv8.8-a+sve+memtag+sme -o "$tmp/a.o" "$tmp/a.s" 2> /dev/null; then
			unknown=$((unknown + 1)) # to this assembler
			continue
		fi
		printf 'mrs x0, %s\n' "$generic" > "$tmp/b.s"
		$1 -march=armv8.8-a+sve+memtag+sme -o "$tmp/b.o" "$tmp/b.s" || return 1
		cmp "$tmp/a.o" "$tmp/b.o" || { echo "$reg is not $generic"; return 1; }
	done < "$tmp/sysregs"
	[ $unknown -lt 32 ]
}

as=aarch64-linux-gnu-as
[ "$(uname -m)" = aarch64 ] && as=as
if have $as; then
	ok "aarch64: the ids of system registers encode their names" sysreg_names $as
else
	skip "aarch64: the ids of system registers encode their names" "$as is not installed"
fi

# ---- target.xml ----

build()
{
	for arch in $architectures; do
		cp "$tmp/$arch.0" "$tmp/$arch.c" || return 1
		sources="$sources $tmp/$arch.c"
	done
	# shellcheck disable=SC2086
	${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I stub -o "$tmp/render" tests/lint/render.c stub/reg/*.c stub/arch/*.c $sources
}

# gdb takes it for its architecture, without a word of complaint and with every register, by its name or by another of its names. It
# shows s390's v0l only as a part of v0.
gdb_is_content()
{
	gdb-multiarch -nx -batch -ex "set mips abi n64" -ex "set tdesc filename $tmp/$1.xml" -ex "show architecture" \
		-ex "maint print registers" > "$tmp/gdb.out" 2>&1
	if grep -i -w -e warning -e error -e "not recognized" -e rejected "$tmp/gdb.out"; then
		return 1
	fi
	grep -q "(currently \"$2\")" "$tmp/gdb.out" || { cat "$tmp/gdb.out"; return 1; }
	awk 'function value(a) {
			return match($0, " " a "=\"[^\"]*\"") ? substr($0, RSTART + length(a) + 3, RLENGTH - length(a) - 4) : ""
		}
		NR == FNR { if ($2 ~ /^[0-9]+$/) known[$1] = 1; next }
		/^<reg name="v[0-9]+l"/ { sub(/l"/, "\"") }
		/^<reg name="vs[0-9]+h"/ { sub(/h"/, "\"") }
		/^<reg / && !(value("name") in known) && !(value("altname") in known) && !(value("generic") in known) {
			print value("name") " is missing"
			bad = 1
		}
		END { exit bad }' "$tmp/gdb.out" "$tmp/$1.xml"
}

gdb_knows()
{
	gdb-multiarch -nx -batch -ex "complete set architecture $1" 2> /dev/null | grep -q -x "set architecture $1"
}

# A server that has nothing but registers: the value of each is its number. serve ARCH TRIPLE ENDIAN.
serve()
{
	cat > "$tmp/server.py" << 'END'
import re, socket, sys
xml = open(sys.argv[1], "rb").read()
sizes = [int(bits) // 8 for bits in re.findall(rb'<reg name="[^"]*" bitsize="(\d+)"', xml)]
host = b"triple:%s;endian:%s;ptrsize:8;" % (sys.argv[2].encode().hex().encode(), sys.argv[3].encode())
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
print(listener.getsockname()[1], flush=True)
listener.settimeout(60)
client = listener.accept()[0]
client.settimeout(60)
stream = client.makefile("rb")

def answer(packet):
    if packet.startswith(b"qSupported"):
        return b"PacketSize=4000;qXfer:features:read+"
    if packet.startswith(b"qXfer:features:read:target.xml:"):
        start, size = (int(x, 16) for x in packet.rsplit(b":", 1)[1].split(b","))
        return (b"m" if start + size < len(xml) else b"l") + xml[start:start + size]
    if packet[:1] == b"p":
        number = int(packet[1:].split(b";")[0], 16)
        return number.to_bytes(sizes[number], sys.argv[3]).hex().encode() if number < len(sizes) else b"E01"
    return {b"qHostInfo": host, b"?": b"T05thread:1;", b"qfThreadInfo": b"m1", b"qsThreadInfo": b"l", b"qC": b"QC1"}.get(
        packet, b"OK" if packet[:1] in (b"H", b"D", b"k") else b"")

while byte := stream.read(1):
    if byte != b"$":
        continue
    packet = b""
    while (byte := stream.read(1)) != b"#":
        packet += byte
    stream.read(2)
    reply = answer(packet)
    client.sendall(b"+$" + reply + b"#%02x" % (sum(reply) & 255))
END
	rm -f "$tmp/port"
	python3 "$tmp/server.py" "$tmp/$1.xml" "$2" "$3" > "$tmp/port" &
	server=$!
	until [ -s "$tmp/port" ]; do
		kill -0 $server || return 1
		sleep 0.1
	done
}

# A register's value as the server has it: its number.
value_of()
{
	number=$(sed -n 's/^<reg name="\([^"]*\)".*/\1/p' "$tmp/$1.xml" | grep -nx "$2" | cut -d: -f1)
	printf '%x' $((number - 1))
}

# lldb finds each register under its generic or alternative name, and has read the right one: ARCH ENDIAN NAMES VALUES.
lldb_is_content()
{
	serve "$1" "$(echo "$1" | sed s/^ppc64le/powerpc64le/)-unknown-none" "$2" || return 1
	timeout 300 lldb -b -o "settings set plugin.process.gdb-remote.packet-timeout 60" -o "gdb-remote $(cat "$tmp/port")" -o "register read $3" -o detach > "$tmp/lldb.out" 2>&1
	kill $server 2> /dev/null
	wait $server 2> /dev/null
	got=$(sed -n 's/^ *\([A-Za-z0-9_]*\) = 0x0*\([0-9a-f][0-9a-f]*\)$/\1=\2/p' "$tmp/lldb.out" | tr '\n' ' ')
	cat "$tmp/lldb.out"
	[ "$got" = "$4 " ]
}

ok "target.xml can be rendered" build
for arch in $architectures; do
	if have xmllint; then
		ok "$arch: the files of xml/ are well-formed" sh -c "xmllint --noout xml/$arch*.xml"
	else
		skip "$arch: the files of xml/ are well-formed" "xmllint is not installed"
	fi
done

# A vCPU has one kind of vectors or the other, and newer registers or not: NAME ARCHITECTURE LACKING.
vcpus='aarch64 aarch64 z0
sve aarch64 v0
x86_64 x86_64
no-avx512 x86_64 k0
i386 i386
i8086 i8086
i386-no-avx512 i386 k0
loongarch64 loongarch64
mips64 mips64
ppc64le ppc64le
riscv64 riscv64
s390x s390x'

render()
{
	# shellcheck disable=SC2086
	"$tmp/render" $2 > "$tmp/$1.xml"
}

while read -r vcpu what; do
	ok "$vcpu: target.xml is rendered" render "$vcpu" "$what"
	if have xmllint; then
		ok "$vcpu: it conforms to the schema" xmllint --noout --schema tests/lint/tdesc.xsd "$tmp/$vcpu.xml"
	else
		skip "$vcpu: it conforms to the schema" "xmllint is not installed"
	fi
done << END
$vcpus
END

if have gdb-multiarch; then
	for arch in $architectures; do
		name=$(sed -n 's,.*<architecture>\(.*\)</architecture>,\1,p' "xml/$arch.xml")
		if gdb_knows "$name"; then
			ok "$arch: gdb is content" gdb_is_content "$arch" "$name"
		else
			skip "$arch: gdb is content" "this gdb does not know $name"
		fi
	done
	ok "aarch64 with SVE: gdb is content" gdb_is_content sve aarch64
	ok "x86_64 without AVX512: gdb is content" gdb_is_content no-avx512 i386:x86-64
	ok "i386 without AVX512: gdb is content" gdb_is_content i386-no-avx512 i386
else
	skip "gdb is content" "gdb-multiarch is not installed"
fi

if have lldb && have python3; then
	ok "aarch64: lldb is content" lldb_is_content aarch64 little "pc sp fp lr arg1 flags SCTLR_EL1" \
		"pc=20 sp=1f x29=1d x30=1e x0=0 cpsr=21 SCTLR_EL1=$(value_of aarch64 SCTLR_EL1)"
	ok "riscv64: lldb is content" lldb_is_content riscv64 little "pc sp fp ra arg1 x31" "pc=20 sp=2 fp=8 ra=1 a0=a t6=1f"
	ok "ppc64le: lldb is content" lldb_is_content ppc64le little "pc sp fp ra arg1 flags LPCR" \
		"pc=20 r1=1 r31=1f lr=23 r3=3 cr=22 LPCR=$(value_of ppc64le LPCR)"
	ok "x86_64: lldb is content" lldb_is_content x86_64 little "pc sp fp arg1 rflags cr0" \
		"rip=10 rsp=7 rbp=6 rdi=5 eflags=11 cr0=$(value_of x86_64 cr0)"
	ok "i386: lldb is content" lldb_is_content i386 little "pc sp fp flags cs cr0" \
		"eip=8 esp=4 ebp=5 eflags=9 cs=a cr0=$(value_of i386 cr0)"
	ok "s390x: lldb is content" lldb_is_content s390x big "pc sp fp ra arg1 flags acr1 cr0" \
		"pswa=1 r15=11 r11=d r14=10 r2=4 pswm=0 acr1=13 cr0=53"
	ok "mips64: lldb is content" lldb_is_content mips64 big "pc sp fp ra a0 arg8 flags Index" \
		"pc=22 r29=1d r30=1e r31=1f r4=4 r11=b status=23 Index=48"
	skip "loongarch64: lldb is content" "lldb 14 does not know loongarch64"
else
	skip "lldb is content" "lldb or python3 is not installed"
fi

echo "1..$count"
