# SPDX-License-Identifier: BSD-2-Clause
#
# The unit tests that have threads, under ThreadSanitizer: no data race, no lock that is taken in two orders. One program alone:
#
#   make tsan && setarch -R build/tsan/tests/unit/run_non_stop

cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. tests/lib/status.sh

excerpt()
{
	grep -hE -A 14 'WARNING: ThreadSanitizer|^not ok|rror:' "$tmp/log" "$tmp/out" "$tmp"/report.* 2>/dev/null | cut -c1-200 | head -60
}

# Its shadow memory does not get along with every place that the kernel may have put a program at.
setarch -R true 2>/dev/null && fixed='setarch -R' || fixed=

: >"$tmp/out"
make -j"$(nproc)" tsan >"$tmp/log" 2>&1
ok $? "the build"
# monitor_linux has no other threads than these have, and looks through much memory: minutes.
for source in $(grep -lE 'include "(run_borrowed|run_guest|run_watcher|run_rig|sim_host|sim_server).h"|pthread_create' tests/unit/*.c); do
	name=$(basename "$source" .c)
	[ -e "build/tsan/tests/unit/$name" ] && [ "$name" != monitor_linux ] || continue
	rm -f "$tmp"/report.*
	# A report of its own for each process: some of the programs start a server, which ends as it is told to. None has a thread that would go
	# on for the second that ThreadSanitizer waits for at each exit.
	TSAN_OPTIONS="log_path=$tmp/report atexit_sleep_ms=50" timeout 600 $fixed "build/tsan/tests/unit/$name" >"$tmp/out" 2>"$tmp/log" &&
		! ls "$tmp"/report.* >/dev/null 2>&1
	ok $? "$name"
done
echo "1..$count"
exit $failed
