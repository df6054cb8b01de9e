# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2154 # what is quoted is for another shell, in that place; and run and its files have their variables in common
# Where there is a /dev/kvm, for tests/bench/run: at COMMAND runs a shell command in its folder; give FILE puts one there. What differs
# between the servers, and between the architectures.

on_this_computer() {
	at() { (cd "$dir" && sh -c "$1"); }
	give() { cp "$1" "$dir/"; }
	address=./socket
	gdb_address=./socket
}

# Nanoseconds of a clock there: busybox has no more than seconds in its date(1).
now='now() { n=$(date +%s%N); case $n in *N*) n=$(awk "{ printf \"%.0f\", \$1 * 1e9 }" /proc/uptime) ;; esac; echo $n; }'

# All on one of its CPUs: an emulated one that falls asleep is slow to be woken where this computer has other work, and then nothing
# else would be measured.
on_machine() {
	at() { machine run bench "taskset -p 2 \$\$ >/dev/null; PATH=\$PATH:/usr/bin; $1"; }
	give() { machine put bench "$1"; }
	address=10.0.2.15:1234
	gdb_address=127.0.0.1:$(machine port bench 1234)
}

# What differs between architectures: QEMU's command line; where the loop is; what stops it, and how large its instructions are; where
# memory is looked at.
describe_guest() {
	case $arch in
	x86_64)
		qemu='qemu-system-x86_64 -M pc' qemu_image='-bios bios -device loader,file=loop.elf'
		ours_loop='200000 200001'
		qemu_loop='fffffff0 fffffff1' # the loop is the whole BIOS: a 64-bit image is put into memory, but not started
		point='1 1'
		memory=400000
		dump_at=4400000 # behind the loop's memory
		ours_line=200003
		qemu_line=ff00
		;;
	arm64)
		qemu='qemu-system-aarch64 -M virt,gic-version=host -cpu host' qemu_image='-kernel IMAGE'
		ours_loop='40200000 40200004'
		qemu_loop=$ours_loop
		point='0 4'
		memory=40400000
		dump_at=44400000
		ours_line=40200008
		qemu_line=$ours_line
		;;
	esac
	qemu="$qemu -accel kvm -m 128 -nodefaults -display none -S"
}

# The loop at the reset vector, 16 bytes below the end; the line some way in front of it.
make_bios() {
	head -c 65280 /dev/zero
	head -c 224 /dev/zero | tr '\0' '\220'
	printf '\353\376'
	head -c 14 /dev/zero
	printf '\220\353\375'
	head -c 13 /dev/zero
}

# server COLUMN VCPUS ADDRESS [IMAGE]: the command. A column is QEMU, attach, library, library+ (BENCH_LIBRARY), own, or as find_columns names
# ways of moving registers.
server() {
	image=${4:-loop.elf}
	case $3 in
	*/*) where=unix:$3 qemu_where=unix:$3,server=on,wait=off ;;
	*) where=$3 qemu_where=tcp:$3 ;;
	esac
	case $1 in
	QEMU) echo "$qemu $(echo "$qemu_image" | sed "s/IMAGE/$image/") -smp $2 -gdb $qemu_where" ;;
	attach) echo "sh ./attached $2 $where $image" ;;
	library) echo "./vmm $where $image $2" ;;
	library+) echo "$BENCH_LIBRARY $where $image $2" ;;
	own) echo "./kvm-gdbserver --vcpus $2 $where $image" ;;
	*) echo "./kvm-gdbserver --batch=${1%%,*} --vcpus $2 $where $image" ;;
	esac
}

# The ways of moving registers that this place has; those which come to the same are one column.
find_columns() {
	columns=
	for batch in auto many blocks one; do
		at "./kvm-gdbserver --batch=$batch --version -v" >"$dir/way" 2>"$dir/error" ||
			{ note "$place: $(tail -n 1 "$dir/error")"; continue; }
		same=
		for column in $columns; do
			! cmp -s "$dir/way" "$dir/way.${column%%,*}" || same=$column
		done
		if [ -n "$same" ]; then
			columns=$(echo "$columns" | sed "s/$same/$same,$batch/")
		else
			columns="$columns $batch"
			mv "$dir/way" "$dir/way.$batch"
		fi
	done
}

find_qemu() {
	if version=$(at "${qemu%% *} --version" 2>&1); then
		with_qemu=QEMU
	else
		note "$place: no QEMU: $(echo "$version" | tail -n 1)"
		version="no QEMU" with_qemu=
	fi
}

# part NAME COMMAND...: one of those that were asked for. One that ends early is noted, and the others go on.
part() {
	case " $parts " in
	*" $1 "*) ;;
	*) return 0 ;;
	esac
	name=$1
	shift
	set +e
	(set -e; "$@")
	ended=$?
	set -e
	[ "$ended" = 0 ] || note "$place: $name: has not come to its end"
}

# finish FILE COLUMN...: what a part has found, as tests/bench/table wants it.
finish() {
	{
		echo "place $arch, $title: Linux $(at 'uname -r'), $(at "grep -c ^processor /proc/cpuinfo") CPUs, $(echo "$version" | sed -n 's/ version / /; s/ (.*//; 1p')"
		cat "$dir/$1"
	} >"$dir/$1.table"
	[ ! -s "$dir/$1" ] || tables="$tables $dir/$1.table"
}

bench_own() {
	results=$dir/results
	find_columns
	columns="$columns $with_qemu"
	echo "columns $columns floor" >"$results"
	part counts count_all
	part times time_all
	part conditions time_conditions
	part vcpus time_vcpus
	part memory time_memory
	finish results
}

# bench TITLE: everything about the place that was set up last.
bench() {
	title=$1
	describe_guest
	make_bios >"$out/bios"
	cp "build/bench/$arch/loop.elf" "$dir/" # for gdb
	for file in "build/$arch-static/kvm-gdbserver" "build/bench/$arch/client" "build/bench/$arch/floor" \
		"build/bench/$arch/loop.elf" "$out/bios"; do
		give "$file"
	done
	find_qemu
	case " $parts " in
	*' counts '* | *' times '* | *' conditions '* | *' vcpus '* | *' memory '*) bench_own ;;
	esac
	part attach bench_attach
	[ ! -e "$dir/attach" ] || finish attach
	part library bench_library
	[ ! -e "$dir/library" ] || finish library
	part dump bench_dump
	[ ! -e "$dir/dump" ] || finish dump
	part save bench_save
	[ ! -e "$dir/save" ] || finish save
	part boot bench_boot
	[ ! -e "$dir/boot" ] || finish boot
}

place_of() {
	place=$1
	dir=$out/$1
	rm -rf "$dir"
	mkdir -p "$dir"
}

bench_here() {
	place_of host
	arch=$(uname -m | sed s/aarch64/arm64/)
	if ! [ -r /dev/kvm ] || ! [ -w /dev/kvm ] || ! [ -e "build/bench/$arch/floor" ]; then
		note "no table for this computer itself: it has no usable /dev/kvm, or is neither x86_64 nor arm64"
		return 0
	fi
	on_this_computer
	bench "/dev/kvm of this computer"
}

# Shows what a command complains about, and keeps the last line of it.
loudly() {
	{ "$@" 2>&1 >&3 | tee /dev/stderr | tail -n 1 >"$dir/error"; } 3>&1
}

# Without the module its column is left out, by find_columns.
load_module() {
	module=$(loudly sh tests/machines/kbuild arm64)
	[ -n "$module" ] && give "$module" && at 'insmod kvm_many_regs.ko' >"$dir/error" 2>&1 && return
	note "$place: no kvm_many_regs.ko: $(tail -n 1 "$dir/error")"
}

bench_nested() {
	place_of nested
	arch=arm64
	peer=$(loudly sh tests/machines/programs arm64 qemu-system-arm=usr/bin/qemu-system-aarch64 strace=usr/bin/strace)
	[ -z "$peer" ] || loudly machine start bench arm64 --forward 1234
	if ! machine port bench 1234 >/dev/null 2>&1; then
		note "no table for an arm64 machine: $(cat "$dir/error")"
		return 0
	fi
	on_machine
	machine put bench "$peer" programs.tar
	at 'mkdir -p /usr/bin; tar xf programs.tar -C /; rm programs.tar'
	load_module
	bench "nested in a machine that QEMU emulates (TCG)"
	machine stop bench
}
