# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2154 # what is quoted is for another shell, in that place; and run and its files have their variables in common
# For tests/bench/run: vCPUs that are another process's, or a library's VMM's, beside those of a VM of our own and QEMU's. And what becomes of
# the VMM meanwhile.

# --- counting

count_host() {
	say "$place: counting for $column"
	loop=${ours_loop%% *}
	[ "$column" != QEMU ] || loop=${qemu_loop%% *}
	start_traced 1 || return 0
	many_times
	client="timeout 120 ./client count $address"
	for name in step step+p step+g step+all pause; do
		[ "$column,$name" = QEMU,step+all ] || scenario "$name" "$client" "$name"
	done
	# shellcheck disable=SC2086 # numbers
	scenario hit "$client" hit $point "$loop"
	finish_traced 1
}

# How often a thread of the VMM has stopped when all is read, from the beginning of kvm-gdbserver to its end.
count_registers() {
	start_victim "$1" --sleep 200 || return 0
	if at 'timeout 60 strace -f -qq -s 2 -o log ./kvm-gdbserver --registers --attach $(cat victims) >registers; grep -c "waitid.*si_code=CLD_" log' \
		>"$dir/stops" 2>"$dir/error"; then
		echo "rate attach registers-stops-$1 $(cat "$dir/stops") 0 0" >>"$results"
	else
		note "$place: --registers, $1 vCPUs: $(complaint)"
	fi
	end_victim
}

# --- timing

time_hosts() {
	say "$place: times of $columns"
	servers_at "${ours_loop%% *}" "${qemu_loop%% *}"
	measure 300 "times of $columns" "hosts $rounds $milliseconds $point"
	measure 400 "memory of $columns" "memory $(((rounds + 1) / 2)) $milliseconds $memory"
	for vcpus in 1 2 8; do
		time_ctrl_c $vcpus
	done
}

# All vCPUs are in the guest: on x86-64 they start at once, in what is not QEMU, on arm64 the guest starts them.
time_ctrl_c() (
	image=loop.elf
	case $arch,$1 in
	arm64,*) image=many_arm64.elf ;;
	x86_64,1) ;;
	*) columns=$(echo "$columns" | sed 's/QEMU//') ;;
	esac
	[ "$image" = loop.elf ] || give "build/guests/$image"
	servers_at "${ours_loop%% *}" "${qemu_loop%% *}"
	start_timed "$1" "$image"
	at "timeout 200 ./client interrupts 20 $servers" 2>"$dir/error" >"$dir/interrupts" ||
		note "$place: Ctrl-C, $1 vCPUs: $(complaint)"
	sed -n "s/ interrupt / interrupt-$1 /p" "$dir/interrupts" >>"$results"
	stop_timed
)

# What a command has complained of; one that timeout(1) has ended says nothing.
complaint() {
	tail -n 1 "$dir/error" | grep . || echo "it took too long"
}

# --- the VMM

# start_victim VCPUS OPTION...
start_victim() {
	at 'rm -rf control victims; mkdir control; mkfifo control/ask control/answer'
	at "./victim --vcpus $* --control control sequence_$arch.elf >victim.out 2>&1 </dev/null & echo \$! >victims
		timeout 20 sh -c 'echo report >control/ask; read -r line <control/answer'" >"$dir/error" 2>&1 && return
	note "$place: the VMM with $1 vCPUs: $(at 'tail -n 1 victim.out' || :)"
	end_victim
	return 1
}

end_victim() {
	at 'kill -9 $(cat victims); rm -f victims' >/dev/null 2>&1 || :
}

# visit NAME VCPUS COMMAND OPTION...: of tests/bench/visit.c.
visit() {
	say "$place: $1, $2 vCPUs"
	name=$1 vcpus=$2 command=$3
	shift 3
	start_victim "$vcpus" "$@" || return 0
	at "timeout 300 $command" >>"$results" 2>"$dir/error" || note "$place: $name, $vcpus vCPUs: $(complaint)"
	end_victim
}

# An address where the guest never comes again.
not_met() {
	nm "build/guests/sequence_$arch.elf" | awk '$3 == "main" { print $1 }'
}

time_visits() {
	[ "$place" = host ] && times="30 15" || times="10 5"
	visit attach 2 "./visit attach ${times% *} ./kvm-gdbserver \$(cat victims)" --sleep 200
	for vcpus in 1 2 8; do
		visit registers $vcpus "./visit registers ${times#* } $vcpus ./kvm-gdbserver \$(cat victims) control" --sleep 200
	done
	visit exits 1 "./visit exits $rounds 1000 0 ${point#* } $(not_met) ./kvm-gdbserver \$(cat victims) control"
}

# --- the parts

bench_attach() {
	results=$dir/attach
	columns="attach own $with_qemu"
	for file in "build/$arch-static/victim" "build/bench/$arch/visit" "build/guests/sequence_$arch.elf" tests/bench/attached; do
		give "$file"
	done
	{ echo "subject attach"; echo "columns $columns"; } >"$results"
	for column in $columns; do
		count_host
	done
	for vcpus in 1 2 8; do
		count_registers $vcpus
	done
	time_hosts
	time_visits
}

bench_library() {
	results=$dir/library
	columns="own library"
	give "build/$arch-static/examples/vmm"
	BENCH_LIBRARY=${BENCH_LIBRARY:-./vmm_serving}
	program=build/$arch-static/examples/${BENCH_LIBRARY##*./}
	if [ -e "$program" ]; then
		columns="$columns library+"
		give "$program"
	else
		note "$place: library+: there is no $program"
	fi
	{ echo "subject library"; echo "columns $columns"; } >"$results"
	for column in $columns; do
		count_host
	done
	time_hosts
}
