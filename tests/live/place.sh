# SPDX-License-Identifier: BSD-2-Clause
# Where a guest runs: on this computer's own /dev/kvm, or on that of a nested machine. Sourced by part, which says what is set here.

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# Where tests/machines has what there is of each.
machines=${MACHINE_DIR:-build/machines}

machine() {
	sh tests/machines/machine "$@"
}

enter_place() {
	GUEST=build/guests/$ARCH.elf
	export GUEST IN LAUNCH COMM TARGET IMAGES PEEK PEEK_PORT
	case $PLACE in
	own) enter_own ;;
	*) enter_machine ;;
	esac
	export IMAGE="$IMAGES/$ARCH.elf"
	for file in build/guests/*_"$ARCH".elf; do
		file=${file##*/}
		other=$(echo "${file%_"$ARCH".elf}" | tr a-z A-Z)
		export "$other=build/guests/$file" "${other}_IMAGE=$IMAGES/$file"
	done
}

enter_own() {
	IN='sh -c' LAUNCH=build/kvm-gdbserver COMM=:0 TARGET='' IMAGES=build/guests
	PEEK='env PEEK=127.0.0.1:0 build/kvm-gdbserver-peek' PEEK_PORT=''
	[ ! -d /sys/module/kvm_pvm ] || export NO_TWO_LEVELS='kvm_pvm has no 32-bit paging: it takes the bit away'
}

# What the machine is called, whose programs it runs, and what it has not got.
enter_machine() {
	name=test-$PLACE
	case $ARCH in
	i386) built=x86_64 ;;
	*) built=$ARCH ;;
	esac
	case $PLACE in
	# target/i386/tcg/system/bpt_helper.c of QEMU 10: an address in a debug register is compared with eip, not with the linear address.
	amd64*) export NO_BASED_BREAK='QEMU ends at a debug register where the code segment has a base' ;;
	# Seen with QEMU 10.0.13, and not with 7.2: a nested guest has a pc of its host's at its first timer interrupt.
	riscv64*) ! qemu-system-riscv64 --version | grep -q 'version 10\.0\.' ||
		export LOST_AT_INTERRUPT='QEMU 10.0 gives a guest the pc of its host at an interrupt' ;;
	ppc64el*) export RADIX=build/guests/powerpc_radix.elf RADIX_IMAGE=/guests/powerpc_radix.elf ;;
	esac
	IN="sh tests/machines/machine run $name"
	LAUNCH="$IN serve" COMM=10.0.2.15:1234 IMAGES=/guests
	if ! $IN clean >/dev/null 2>&1; then
		boot
	elif [ -n "$(find build/guests "build/$built-static" "build/$built-static/examples" tests/live/inside -maxdepth 1 -type f -newer "$machines/$name/guests.tar")" ]; then
		furnish
	fi
	TARGET=127.0.0.1:$(machine port "$name" 1234)
	PEEK="$IN PEEK=10.0.2.15:1235 PROGRAM=kvm-gdbserver-peek serve"
	PEEK_PORT=$(machine port "$name" 1235)
}

# A machine that does not answer, or cannot be cleaned, is started anew.
boot() {
	if ! why=$({ sh tests/lib/packages.sh $(machine list-packages "$PLACE") && sh tests/machines/fetch "$PLACE"; } 2>&1); then
		skip_all "no nested $PLACE machine: $(echo "$why" | tail -n 1)"
	fi
	machine stop "$name"
	MACHINE_OWNER=${MACHINE_OWNER:-$$}
	export MACHINE_OWNER
	if ! machine start "$name" "$PLACE" --forward 1234 --forward 1235 || ! furnish; then
		echo "not ok 1 - the nested $PLACE machine boots"
		exit 1
	fi
}

# The programs, all guests, and what starts and ends servers there.
furnish() {
	for program in kvm-gdbserver kvm-gdbserver-peek; do
		machine put "$name" "build/$built-static/$program" "/bin/$program" || return
	done
	for vmm in vmm vmm_halves vmm_loop vmm_serving; do
		machine put "$name" "build/$built-static/examples/$vmm" "/bin/$vmm" || return
	done
	machine put "$name" "build/$built-static/victim" /bin/victim || return
	for helper in serve clean embed attach; do
		machine put "$name" "tests/live/inside/$helper" "/bin/$helper" || return
	done
	tar -C build -cf "$machines/$name/guests.tar" guests &&
		machine put "$name" "$machines/$name/guests.tar" /guests.tar && $IN 'tar -C / -xf /guests.tar && rm /guests.tar'
}

leave_place() {
	[ "$PLACE" = own ] || machine stop "$name"
}

# /initrd there: busybox, and what guest_init prints for its init. The cache is $cache, and $dir a folder for more.
put_initrd() {
	cache=$(cache_of "$PLACE")
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	mkdir -p "$dir/tree/proc"
	guest_init >"$dir/tree/init"
	chmod 755 "$dir/tree/init"
	(cd "$dir/tree" && cpio -id --quiet bin/busybox <"$cache/base.cpio" && find . | cpio -o -H newc --quiet) >"$dir/initrd"
	machine put "$name" "$dir/initrd" /initrd
}

# Its own kernel, for a guest: /Image, and /initrd.
put_linux() {
	put_initrd
	machine put "$name" "$cache/kernel" /Image
}

# Of the running kernel's symbols, KASLR's offset in all of them: address_of NAME.
address_of() {
	$IN "grep -w '[TtDRrB] $1' /proc/kallsyms" | awk '{ print "0x" $1; exit }'
}

# With KVM_GET_MANY_REGS, by our module, for this part.
load_module() {
	if ! module=$(sh tests/machines/kbuild "$PLACE") || ! machine put "$name" "$module" kvm_many_regs.ko ||
		! $IN insmod kvm_many_regs.ko; then
		echo "not ok 1 - the kernel module is loaded into the nested $PLACE machine"
		exit 1
	fi
}

# A client of another release: its command is in $client.
fetch_client() {
	client=$(sh tests/clients/fetch "$1" 2>&1) || skip_all "no $1: $(echo "$client" | tail -n 1)"
	client=$(echo "$client" | tail -n 1)
}

# What is launched is a VMM of tests/examples, in kvm-gdbserver's place.
embed() {
	case $PLACE in
	own) export LAUNCH='sh tests/live/inside/embed' VMM="build/examples/$1" ;;
	*) export LAUNCH="$IN VMM=$1 embed" ;;
	esac
}

# What is launched is a VMM that knows of no debugger, and kvm-gdbserver attached to it, in kvm-gdbserver's place.
attach() {
	case $PLACE in
	own) export LAUNCH='sh tests/live/inside/attach' VICTIM=build/victim KVM_GDBSERVER=build/kvm-gdbserver ;;
	*) export LAUNCH="$IN attach" ;;
	esac
	export ATTACHED=1 EMBEDDED=1
}

# Seconds of this computer's processors: what the machine has used, and what this part's children have.
machine_seconds() {
	[ "$PLACE" != own ] || { echo 0; return; }
	emulator=$(pgrep -P "$(cat "$machines/$name/keeper.pid")" | while read -r pid; do
		grep -q qemu "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
	done)
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) / hz) }' "/proc/${emulator:-none}/stat" 2>/dev/null || echo 0
}

# Of what `times` has put into $keep: a subshell has no children yet.
child_seconds() {
	awk 'NR == 2 { split($1 $2, t, /[ms]/); print int((t[1] + t[3]) * 60 + t[2] + t[4]) }' "$keep"
}
