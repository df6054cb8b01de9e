# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2154 # what is quoted is for another shell, in that place; and run and its files have their variables in common
# For tests/bench/run: a machine of 128 MiB is saved, and restored in a program of its own, which reads its registers and ends. Of its RAM is
# as much not zero as of that of dump.sh.

start_saved() {
	at "rm -f pids save.socket saved; dd if=/dev/urandom of=random bs=1M count=$dump_random 2>/dev/null
		./kvm-gdbserver --memory ${dump_ram}M --files . --load $1:random unix:./save.socket loop.elf >server.out 2>&1 & echo \$! >pids"
}

time_save() {
	at "timeout 300 ./client saves $rounds saved auto=./save.socket" >>"$results" 2>"$dir/error" || { note "$place: save: $(complaint)"; return 1; }
}

time_restore() {
	for _ in $(seq "$rounds"); do
		at "$now"'; t=$(now); ./kvm-gdbserver --restore saved --registers >restore.out 2>&1 || { cat restore.out; exit 1; }
			echo $(($(now) - t))' >>"$dir/restores" 2>"$dir/error" || { note "$place: restore: $(tail -n 1 "$dir/restores")"; return 1; }
	done
	sort -n "$dir/restores" | awk '{ t[NR] = $1 / 1e6 } END { if (NR) print "delay auto restore", t[int((NR + 1) / 2)], t[NR] }' >>"$results"
}

bench_save() {
	results=$dir/save
	say "$place: saved machines"
	: >"$dir/restores"
	echo "columns auto" >"$results"
	start_saved "0x$dump_at"
	! time_save || time_restore || :
	stop_timed
	at 'rm -f random saved' || :
}
