#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The house rules that a grep can see: who includes whom, who may talk to the kernel, who may end the process, how long a function
# and a file may be. Each rule is tried on a spoilt copy of the tree as well: a rule that notices nothing is none.

# shellcheck disable=SC2016,SC2038 # no file of ours has a blank in its name
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

. "$root/tests/lib/ok.sh"

# A rule prints what breaks it.
silent()
{
	"$@" > "$tmp/found" 2>&1
	cat "$tmp/found"
	[ ! -s "$tmp/found" ]
}

# ---- the rules; each is run in the tree ----

# Headers of C itself, which anyone may have.
c_headers='<(ctype|errno|inttypes|limits|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time|sys/types)\.h>'

# Files without comments, as FILE:LINE:TEXT.
code()
{
	find "$@" -name '*.[ch]' | sort | xargs awk '
		FNR == 1 { comment = 0 }
		{
			line = $0
			while (comment || line ~ /\/\*/) {
				if (!comment) {
					start = index(line, "/*")
					head = substr(line, 1, start - 1)
					line = substr(line, start + 2)
				} else
					head = ""
				end = index(line, "*/")
				comment = !end
				line = end ? head substr(line, end + 2) : head
				if (comment)
					break
			}
			print FILENAME ":" FNR ":" line
		}'
}

# What each file of stub/ includes of stub/, as FILE INCLUDED.
inclusions()
{
	find stub -name '*.[ch]' ! -path 'stub/many_regs/*.c' | sort | xargs awk '
		/^#[[:space:]]*include "/ {
			split($0, quoted, "\"")
			path = FILENAME
			sub(/[^\/]*$/, quoted[2], path)
			while (sub(/[^\/]+\/\.\.\//, "", path))
				;
			print FILENAME, path
		}'
}

# The house from the top. On the ground lie a machine as rsp/ sees it, the protocol, the bytecode, what was seen to work, refusals, and
# the ABI of the module: they include nothing but what is there, rsp/ nothing but target.h, and agent/ nothing at all.
floors='host attach arch reg memory points run machine monitor serve'

upward()
{
	inclusions | awk -v floors="$floors" '
		BEGIN { n = split(floors, floor); for (i = 1; i <= n; i++) height[floor[i]] = i }
		function where(path,   part) {
			return split(path, part, "/") == 3 ? part[2] : part[2] ~ /^(main|options|program|console|terminal|log|kvmgdb|library)[_.]/ ? "top" : "ground"
		}
		function level(room) { return room == "top" ? n + 1 : room in height ? height[room] : 0 }
		{
			from = where($1)
			to = where($2)
			narrow = from == "agent" || from == "many_regs" || (from == "rsp" && $2 != "stub/target.h")
			if (level(to) > level(from) || (narrow && to != from))
				print $1 " includes " $2
		}'
}

# A module is a .c file with the header of its name. tsort(1) tells of loops.
circles()
{
	inclusions | awk '{ gsub(/\.[ch]/, ""); if ($1 != $2) print }' | tsort 2>&1 > /dev/null
}

# The system's headers, besides those of C.
system_headers()
{
	code stub | grep -E '#[[:space:]]*include <' | grep -vE "#include $c_headers" | grep -v '^stub/many_regs/' |
		grep -vE '^stub/((host|attach|serve)/|(main|options|files|program|console|terminal|log|kvmgdb|library)[a-z_]*\.[ch])' |
		grep -vE '^stub/(machine/core\.c:[0-9]+:#include <elf\.h>|reg/[a-z_]+\.c:[0-9]+:#include <linux/(kvm|ioctl)\.h>|run/[a-z_]+\.[ch]:[0-9]+:#include <(pthread|signal|linux/kvm)\.h>)'
}

# Only host/ issues ioctls. The exceptions need <linux/kvm.h> for numbers that are the same on every architecture: those of ONE_REG,
# of the struct ioctls and the lists (reg/), of KVM_GET_MP_STATE, and of KVM_CAP_GUEST_DEBUG_HW_BPS and _WPS (run/probe.c). many_regs/
# is the kernel's own side.
kernel()
{
	code stub | grep -v '^stub/many_regs/' | grep -E 'include <(linux|asm|sys/ioctl|sys/ptrace|sys/uio|sys/mman)' |
		grep -vE '^stub/((host|attach)/|(reg/(one_reg|msrs|blocks|list|mp_state)|run/probe)\.c:[0-9]+:#include <linux/)'
}

# kvm_run and the calls that touch it are host/'s.
kvm_run()
{
	code stub | sed 's/"[^"]*"//g' |
		grep -E '\b(struct kvm_run|immediate_exit|KVM_RUN|ioctl)\b' | grep -vE '^stub/(host|attach|many_regs)/|#include'
}

# The architecture that the compiler builds for is host/'s business.
architecture_ifdefs()
{
	code stub | grep -E '#[[:space:]]*(el)?if.*(__aarch64__|__x86_64__|__riscv|__powerpc|__s390|__mips|__loongarch|__i386)' |
		grep -vE '^stub/(host|attach)/'
}

# Bytes in, bytes out; and tables.
no_system()
{
	code stub/rsp stub/arch |
		grep -E '[^_a-z.>](malloc|calloc|realloc|free|socket|ptrace|pthread_[a-z_]+|open|close|read|write|poll|mmap|signal|ioctl)\('
}

# assert() is that of <assert.h> at run time; static_assert is welcome everywhere.
exits()
{
	code stub | grep -E '[^_a-z.>](exit|_exit|abort|assert|err|errx)\(' | grep -v -e '^stub/main\.c:' -e '^stub/attach/guard\.c:.*_exit(' -e '^stub/attach/launch_start\.c:.*_exit('
}

# What is the process's belongs to whoever made the process: to the program here, and to the VMM that has all the rest as a library. host/ has
# its signal for kicks.
process()
{
	code stub | sed 's/"[^"]*"//g' |
		grep -E '(^|[^_a-z.>])(umask|signal|sigaction|sigprocmask|signalfd|chdir|setlocale|alarm|setitimer)\(|STD(IN|OUT)_FILENO' |
		grep -vE '^stub/(main|program)\.c:|^stub/(host|attach)/'
}

# Only main.c speaks to the terminal: nobody else may have to wait for it (log.h), or write what is not printable.
terminal()
{
	code stub | sed 's/"[^"]*"//g; s/format(printf//' |
		grep -E '(^|[^_a-z])(stderr|stdout|STDERR_FILENO|perror|v?printf|puts|putchar)([^_a-z]|$)' |
		grep -vE '^stub/main\.c:'
}

# FILE_H or DIR_FILE_H, defined at once, and no two alike.
guards()
{
	find stub tests -name '*.h' | sort | xargs awk '
		FNR == 1 { guard = ""; done = 0 }
		/^#ifndef / && guard == "" { guard = $2; next }
		guard != "" && !done {
			done = 1
			n = split(FILENAME, part, "/")
			want = toupper(part[n])
			gsub(/[.-]/, "_", want)
			if ($0 != "#define " guard)
				print FILENAME ": the guard is not defined"
			if (guard != want && guard != toupper(part[n - 1]) "_" want && guard != toupper(part[n - 1]) want)
				print FILENAME ": the guard is " guard
			if (guard in seen)
				print FILENAME ": the guard is that of " seen[guard]
			seen[guard] = FILENAME
			guards++
		}
		END { if (guards != ARGC - 1) print ARGC - 1 - guards " headers have no guard" }'
}

# Every file that somebody wrote, but data and prose.
licences()
{
	find stub xml tests Makefile -type f ! -name README ! -path 'tests/wire/*.txt' ! -name '*.out' |
		xargs grep -LE 'SPDX-License-Identifier: (.* OR )?BSD-2-Clause'
}

# From the line of "{" to that of "}", both in the first column: as clang-format puts them around a function.
long_functions()
{
	find stub tests -name '*.c' | sort | xargs awk '
		/^{/ { start = FNR }
		/^}/ && start { if (FNR - start - 1 > 80) print FILENAME ":" start ": " FNR - start - 1 " lines"; start = 0 }'
}

long_files()
{
	find stub tests -name '*.[ch]' | xargs wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines" }'
}

# ---- what is to be true ----

# rule NAME COMMAND...: the command finds nothing here. spoil FILE LINES COMMAND...: it does when these lines end the file.
rule()
{
	name=$1
	shift
	ok "$name" silent "$@"
}

spoil()
{
	file=$1
	line=$2
	shift 2
	printf '%b\n' "$line" >> "$tmp/tree/$file"
	ok "noticed in $file: $1" noticed "$@"
	rm "$tmp/tree/$file"
	[ ! -e "$file" ] || cp "$file" "$tmp/tree/$file"
}

noticed()
{
	! (cd "$tmp/tree" && silent "$@")
}

cd "$root" || exit 1
rule "a call goes down: no file includes one of a floor above" upward
rule "no two modules include each other in a circle" circles
rule "the system's headers are included where it is talked to" system_headers
rule "only host/ and attach/ have the kernel's headers, with four exceptions" kernel
rule "only host/ and attach/ know kvm_run and ioctl()" kvm_run
rule "only host/ and attach/ ask for which architecture it is compiled" architecture_ifdefs
rule "rsp/ and arch/ call nothing of the system's" no_system
rule "only main.c ends the process, and what was forked its own" exits
rule "only main.c speaks to the terminal" terminal
rule "only the program has signals, standard input and the umask" process
rule "every header has a guard of its own name" guards
rule "every file names its licence" licences
rule "no function is longer than 80 lines" long_functions
rule "no file is longer than 500 lines" long_files

mkdir "$tmp/tree"
cp -r stub tests xml Makefile "$tmp/tree"
spoil stub/rsp/reply.c '#include "../machine/machine.h"' upward
spoil stub/arch/exit_common.c '#include "../reg/tdesc.h"' upward
spoil stub/memory/memory.h '#include "../run/vcpu.h"' upward
spoil stub/agent/agent.c '#include "../target.h"' upward
spoil stub/target.h '#include "arch/arch.h"' upward
spoil stub/points/point.h '#include "points.h"' circles
spoil stub/reg/way.h '#include "transport.h"' circles
spoil stub/host/vm_config.h '#include "vm.h"' circles
spoil stub/arch/exit_common.c '#include <linux/kvm.h>' system_headers
spoil stub/monitor/maps.c '#include <pthread.h>' system_headers
spoil stub/run/step.c '#include <sys/ioctl.h>' kernel
spoil stub/run/step.c 'int f(int fd) { return ioctl(fd, 0); }' kvm_run
spoil stub/reg/tdesc.c '/* none\n * */ struct kvm_run *run;' kvm_run
spoil stub/arch/arch.c '#ifdef __aarch64__\n#if defined(__aarch64__)' architecture_ifdefs
spoil stub/rsp/reply.c 'void *f(void) { return malloc(1); }' no_system
spoil stub/run/step.c 'void f(void) { abort(); }' exits
spoil stub/run/step.c 'void f(void) { fprintf(stderr, "x"); }' terminal
spoil stub/serve/link.c 'void f(void) { umask(0); }' process
spoil stub/serve/link.c 'int f(void) { return STDIN_FILENO; }' process
spoil stub/rsp/nothing.h '#ifndef OTHER_H\n#define OTHER_H\n#endif' guards
spoil stub/rsp/nothing.c 'int x;' licences
spoil stub/rsp/reply.c "void f(void)\n{\n$(yes '\tg();\n' | head -81 | tr -d '\n')}" long_functions
spoil stub/rsp/reply.c "$(yes '\n' | head -500 | tr -d '\n')" long_files

echo "1..$count"
