# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2154 # what is quoted is for another shell, in that place; and run and its files have their variables in common
# Counting, for tests/bench/run. It needs no marks in the servers: strace writes down all that a server does, while a client does one thing
# N1 times, goes, and comes again to do it N2 times. The difference, divided by N2 - N1, is the price of one.

# What the server still does when its client has gone is part of what that client cost: until the log stays as it is.
mark() {
	lines=$(at 'new=$(wc -l <log)
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			old=$new; sleep 0.1; new=$(wc -l <log)
			[ "$new" != "$old" ] || break
		done
		echo $new') && echo "$1 $2 $lines" >>"$dir/phases"
}

# scenario NAME COMMAND...: the command gets the number of repetitions.
scenario() {
	name=$1
	shift
	for n in $repetitions; do
		at "$* $n" >/dev/null 2>"$dir/error" && mark "$name" "$n" && continue
		note "$place: $column: $name: $(tail -n 1 "$dir/error")"
		mark failed 0
		return 0
	done
}

# How often, the first time and the second: what is slow, by gdb or in an emulated machine, less often.
many_times() {
	case $place,$column in
	nested,QEMU) repetitions='1 3' ;;
	nested,*) repetitions='5 15' ;;
	*) repetitions='5 25' ;;
	esac
}

few_times() {
	case $place,$column in
	nested,QEMU) repetitions='1 3' ;;
	nested,*) repetitions='2 5' ;;
	*) repetitions='3 15' ;;
	esac
}

gdb_waits='shell touch waits; while [ -e waits ]; do sleep 0.05; done'

# What gdb is to do: the commands of each SCENARIO=COMMAND;COMMAND... so often, the first time and the second. After each
# time it waits until the log is marked.
gdb_script() {
	printf '%s\n' 'set pagination off' 'set confirm off' 'set remotetimeout 60' "target remote $gdb_address" "$gdb_waits"
	for one; do
		commands=$(echo "${one#*=}" | tr ';' '\n')
		for n in $repetitions; do
			yes "$commands" | head -n "$((n * $(echo "$commands" | wc -l)))"
			echo "$gdb_waits"
		done
	done
	echo disconnect
}

wait_for_gdb() {
	while ! [ -e "$dir/waits" ]; do
		kill -0 "$gdb" 2>/dev/null || return 1
		sleep 0.05
	done
}

gdb_scenarios() {
	rm -f "$dir/waits"
	gdb_script "$@" >"$dir/script"
	(cd "$dir" && SHELL=/bin/sh exec timeout 300 gdb-multiarch -q -nx -batch -iex 'set debuginfod enabled off' -x script loop.elf) \
		>"$dir/gdb.out" 2>&1 </dev/null &
	gdb=$!
	wait_for_gdb && mark connect 0
	for one; do
		for n in $repetitions; do
			rm -f "$dir/waits"
			wait_for_gdb || { note "$place: $column: gdb, ${one%%=*}: $(tail -n 1 "$dir/gdb.out")"; return 0; }
			mark "${one%%=*}" "$n"
		done
	done
	rm -f "$dir/waits"
	wait "$gdb" || :
}

# One that does not end is ended.
stop_server() {
	at 'kill $(cat pid)
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do kill -0 $(cat pid) || break; sleep 0.1; done
		kill -9 $(cat pid); kill -9 $(cat victims); rm -f pid victims socket' >/dev/null 2>&1 || :
}

# start_traced VCPUS: the column's server, and strace on it as soon as it has made its first step, which is like no other.
start_traced() {
	at "rm -f log; $(server "$column" "$1" "$address") >server.out 2>&1 & echo \$! >pid"
	: >"$dir/phases"
	at "timeout 60 ./client count $address step 1" >/dev/null 2>"$dir/error" &&
		at 'strace -f -qq -s 2 -o log -p $(cat pid) >strace.out 2>&1 &
			for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; grep -q "TracerPid:.*[1-9]" /proc/$(cat pid)/status && exit; done
			cat strace.out >&2; exit 1' 2>"$dir/error" &&
		mark start 0 && return
	note "$place: $column is not there: $(at 'tail -n 1 server.out' || :) $(tail -n 1 "$dir/error")"
	stop_server
	return 1
}

# What strace wrote is kept, for who wants to know more than the sums.
finish_traced() {
	at 'cat log' >"$dir/strace.$column.$1"
	stop_server
	perl tests/bench/count "$column" "$dir/phases" "$dir/strace.$column.$1" >>"$results"
}

# What is sent to look at 8 MiB. QEMU in the emulated machine would take minutes.
count_memory() {
	[ "$place,$column" != nested,QEMU ] || return 0
	repetitions='1 2'
	gdb_scenarios 'compare=compare-sections .data' "find=find /g 0x$memory, +8388608, 0x123456789abcdef"
}

count_server() {
	say "$place: counting for $column"
	loop=$ours_loop line=$ours_line
	[ "$column" != QEMU ] || loop=$qemu_loop line=$qemu_line
	start_traced 1 || return 0
	many_times
	client="timeout 120 ./client count $address"
	scenario step "$client" step
	scenario step+g "$client" step+g
	# shellcheck disable=SC2086 # numbers
	scenario break "$client" break $point $loop
	scenario line "$client" line "$line"
	few_times
	gdb_scenarios stepi=stepi 'registers=stepi;info registers' 'threads=stepi;info threads'
	count_memory
	finish_traced 1
	start_traced 4 || return 0
	gdb_scenarios stepi4=stepi 'threads4=stepi;info threads'
	finish_traced 4
}

count_floor() {
	say "$place: counting for the floor"
	column=floor
	many_times
	: >"$dir/phases"
	at 'rm -f log'
	for name in step step+g; do
		scenario $name 'strace -A -qq -o log ./floor count' $name
	done
	at 'cat log' >"$dir/strace.floor"
	perl tests/bench/count floor "$dir/phases" "$dir/strace.floor" >>"$results"
}

count_all() {
	for column in $columns; do
		count_server
	done
	count_floor
}
