# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2154 # what is quoted is for another shell, in that place; and run and its files have their variables in common
# For tests/bench/run: a core file of a VM that QEMU runs, by kvm-gdbserver --dump and by QEMU's own dump-guest-memory, in turn, of the same VM.
# Not quite half of its RAM is not zero.

dump_ram=128
dump_random=56

# The pipe of its monitor's commands is open for writing, too: it does not end.
start_dumped() {
	command="$qemu $(echo "$qemu_image" | sed 's/IMAGE/loop.elf/') -device loader,file=random,force-raw=on,addr=$1 -monitor stdio"
	at "rm -f commands answers dumped; mkfifo commands; dd if=/dev/urandom of=random bs=1M count=$dump_random 2>/dev/null
		sh -c 'echo \$\$ >dumped; exec $(echo "$command" | sed 's/ -S / /')' <>commands >answers 2>&1 &
		for i in \$(seq 300); do grep -qs '^(qemu)' answers && exit; sleep 0.1; done; exit 1" >"$dir/error" 2>&1
}

end_dumped() {
	at 'kill -9 $(cat dumped); rm -f random core commands' >/dev/null 2>&1 || :
}

# Its monitor answers the next command when the file is written.
by_QEMU='n=$(grep -c "^kvm support" answers); printf "dump-guest-memory core\ninfo kvm\n" >commands
	until [ "$(grep -c "^kvm support" answers)" -gt "$n" ]; do sleep 0.01; done; test -s core'
by_attach='./kvm-gdbserver --dump core --attach $(cat dumped)'

# Nanoseconds, of so many of one.
dumps() {
	for _ in $(seq "$rounds"); do
		for column in $columns; do
			eval "how=\$by_$column"
			at "$now; rm -f core; t=\$(now); { $how; } >dump.out 2>&1 || { cat dump.out; exit 1; }
				echo $column \$((\$(now) - t))" >>"$dir/dumps" 2>"$dir/error" || { note "$place: dump, $column: $(tail -n 1 "$dir/dumps")"; return 1; }
		done
	done
}

bench_dump() {
	results=$dir/dump
	columns="attach $with_qemu"
	say "$place: core files"
	: >"$dir/dumps"
	{ echo "subject attach"; echo "columns $columns"; } >"$results"
	start_dumped "0x$dump_at" || { note "$place: dump: QEMU: $(at 'tail -n 1 answers' || :)"; return 0; }
	dumps || :
	end_dumped
	for column in $columns; do
		sed -n "s/^$column //p" "$dir/dumps" | sort -n | awk -v of="$column" -v mib=$dump_ram '{ t[NR] = mib / $1 * 1e9 }
			END { if (NR) print "rate", of, "dump", t[int((NR + 1) / 2)], t[NR - int(NR / 4)], t[1 + int(NR / 4)] }' >>"$results"
	done
}
