# SPDX-License-Identifier: BSD-2-Clause
# What lldb knows of a guest without being told: it is given no image, and no architecture. And how it leaves.

case $ARCH in
arm64) triple=aarch64 ;;
powerpc) triple=powerpc64le ;;
*) triple=$ARCH ;;
esac
. tests/live/lldb_session.sh
entry=$(readelf -h "$guest" | sed -n 's/.*Entry point address: *//p')

start_server --vcpus 2
alone <<END
target list
register read pc
memory read --format x --size 8 --count 1 \$pc
thread list
process detach -s true
END
like "target list" "arch=$triple-" "alone: the architecture"
like "register read pc" "(pc|rip) = $(printf 0x%016x "$entry")" "alone: the pc, in its byte order"
like "thread list" "thread #1: .*name = 'vCPU 0.*thread #2: .*name = 'vCPU 1" "alone: threads have names"
cp "$tmp/log" "$tmp/answer"
comes_true server_says 'stays stopped, and waits for a debugger'
result $? "alone: left stopped, the server says so"

# Whoever comes next finds it as it was left, with nothing planted.
session <<END
memory read --size 4 --format x --count 1 &mode
breakpoint set --name square
continue
process detach -s true
END
like "continue" 'stop reason = breakpoint 1\.1.*square' "left stopped: it goes on where it was"
comes_true server_says 'stays stopped'
session <<END
thread backtrace
expression \$pc == (long)&square
detach
END
like "thread backtrace" 'square.*main' "left stopped: it has stayed at the breakpoint"
wait_server
grep -q goodbye "$tmp/log"
result $? "left running: to its end"

echo "1..$count"
