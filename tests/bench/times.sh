# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2154 # what is quoted is for another shell, in that place; and run and its files have their variables in common
# Timing, for tests/bench/run: all servers are up, and their guests stand still, but for the one whose turn it is.

# start_timed VCPUS IMAGE
start_timed() {
	at 'rm -f pids victims *.socket'
	for column in $columns; do
		at "$(server "$column" "$1" "./$column.socket" "$2") >server.out 2>&1 & echo \$! >>pids"
	done
}

stop_timed() {
	at 'kill $(cat pids); kill -9 $(cat victims); rm -f pids victims *.socket' >/dev/null 2>&1 || :
}

# A step beside what nobody can do without: as many bytes there and back, one KVM_RUN and the pc, from a server that does no more.
time_step() {
	first=${columns# }
	first=${first%% *}
	at 'rm -f pids victims *.socket'
	at "$(server "$first" 1 ./one.socket) >server.out 2>&1 & echo \$! >>pids"
	at './floor serve ./floor.socket >floor.out 2>&1 & echo $! >>pids'
	at "timeout 100 ./client steps $rounds $milliseconds $first=./one.socket floor=./floor.socket" 2>"$dir/error" |
		sed 's/ step / ping-pong /' >>"$results" || note "$place: steps: $(tail -n 1 "$dir/error")"
	stop_timed
}

# A process takes the guest's place there.
start_gdbserver() {
	[ "$place" = host ] || return 0
	at 'gdbserver --once 127.0.0.1:0 ./loop.elf >gdbserver.out 2>&1 & echo $! >>pids
		for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; ! grep -q "Listening on port" gdbserver.out || break; done
		sed -n "s/.*created; pid = //p" gdbserver.out >>pids'
	port=$(sed -n 's/Listening on port //p' "$dir/gdbserver.out")
	[ -n "$port" ] || { note "$place: gdbserver is not there: $(tail -n 1 "$dir/gdbserver.out")"; return 0; }
	servers="$servers gdbserver=127.0.0.1:$port"
	echo "columns $columns gdbserver floor" >>"$results"
}

# Fewer rounds do: what is measured is long, and varies less.
time_memory() {
	start_timed 1 loop.elf
	servers=
	for column in $columns; do
		servers="$servers $column=./$column.socket"
	done
	start_gdbserver
	at "timeout 200 ./client memory $(((rounds + 1) / 2)) $milliseconds $memory $servers" >>"$results" 2>"$dir/error" ||
		note "$place: times of memory: $(tail -n 1 "$dir/error")"
	stop_timed
}

# A column's server each, and a place in its guest: servers_at OURS QEMUS.
servers_at() {
	servers=
	for column in $columns; do
		at_place=$1
		[ "$column" != QEMU ] || at_place=$2
		servers="$servers $column=./$column.socket=$at_place"
	done
}

# What the client measures of them all: measure SECONDS NAME WORDS-OF-THE-CLIENT.
measure() {
	start_timed 1 loop.elf
	at "timeout $1 ./client $3 $servers" >>"$results" 2>"$dir/error" || note "$place: $2: $(complaint)"
	stop_timed
}

time_all() {
	say "$place: $rounds rounds of $milliseconds ms for each time"
	servers_at "$ours_line" "$qemu_line"
	measure 300 "times of the servers" "time $rounds $milliseconds"
	measure 300 Ctrl-C "interrupts $interrupts"
	time_step
	at "./floor time $rounds $milliseconds" >>"$results" 2>"$dir/error" || note "$place: floor: $(tail -n 1 "$dir/error")"
}

# --- a condition that is false so often, in a guest that counts; evaluated by gdb, and by the server where that can

# time_condition COLUMN WHERE HITS [VCPUS NAME]
time_condition() {
	guest=$PWD/build/guests/$arch.elf
	rm -f "$dir/stamps"
	at "rm -f socket; $(server "$1" "${4:-1}" "$address" "$arch.elf") >server.out 2>&1 & echo \$! >pid"
	at 'for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q Listening server.out && break
		sleep 0.1
	done' # QEMU says nothing, and is up by then
	cat >"$dir/script" <<-END
		set pagination off
		set confirm off
		set remotetimeout 60
		target remote $gdb_address
		set breakpoint condition-evaluation $2
		set var mode = 1
		tbreak tick
		continue
		set var \$last = counter + $3
		eval "break tick if counter == %lu", \$last
		shell date +%s%N >>stamps
		continue
		shell date +%s%N >>stamps
		output counter == \$last
		kill
	END
	(cd "$dir" && SHELL=/bin/sh exec timeout 120 gdb-multiarch -q -nx -batch -iex 'set debuginfod enabled off' -x script "$guest") \
		>"$dir/gdb.out" 2>&1 </dev/null || :
	stop_server
	if [ "$(tail -n 1 "$dir/gdb.out" | cut -c 1)" != 1 ] || [ "$(wc -l <"$dir/stamps")" != 2 ]; then
		note "$place: $1: a false condition, by the $2: $(tail -n 1 "$dir/gdb.out")"
		return 0
	fi
	echo "rate $1 ${5:-condition-$2} $(awk -v n="$3" 'NR == 1 { t = $1 } NR == 2 { print n / ($1 - t) * 1e9 }' "$dir/stamps") 0 0" >>"$results"
}

time_conditions() {
	say "$place: false conditions"
	give "build/guests/$arch.elf"
	for column in $columns; do
		[ "$column" = QEMU ] || time_condition "$column" target 10000
		case $column,$qemu_image in
		QEMU,*IMAGE*) time_condition "$column" host 500 ;;
		QEMU,*) note "$place: QEMU: false conditions: the guest that counts cannot be given to it" ;;
		*) time_condition "$column" host 500 ;;
		esac
	done
}

# --- what grows with the number of vCPUs. All of them are in the guest: on x86-64 they start at once, on arm64 the guest starts them.

time_vcpus() {
	say "$place: by the number of vCPUs"
	column=${columns# }
	column=${column%% *}
	case $arch in
	x86_64) image=loop.elf numbers='1 4 16 64 256' ;;
	arm64) image=many_arm64.elf numbers='1 4 16 64' ;;
	esac
	[ "$image" = loop.elf ] || give "build/guests/$image"
	for n in $numbers; do
		at 'rm -f pids victims *.socket'
		at "$(server "$column" "$n" ./vcpus.socket "$image") >server.out 2>&1 & echo \$! >>pids"
		at "timeout 200 ./client interrupts 20 $column=./vcpus.socket" 2>"$dir/error" |
			sed -n "s/ interrupt / interrupt-$n /p" >>"$results" || note "$place: Ctrl-C, $n vCPUs: $(tail -n 1 "$dir/error")"
		stop_timed
		# All others make way for each of these: with more vCPUs than processors, when they have their turns.
		[ "$arch" != x86_64 ] || [ "$n" -gt 16 ] ||
			time_condition "$column" target $((5000 / n / n + 10)) "$n" "condition-vcpus-$n"
	done
}
