# SPDX-License-Identifier: BSD-2-Clause
# Sessions of `lldb --batch` with a server. lldb stops at the first command that fails, so that what comes behind one is missing then.
# Sourced by scripts of ./plan, which find the server as ./part says. LLDB is which lldb there is, if not the usual one.

LLDB=${LLDB:-lldb}
. tests/lib/patience.sh

tmp=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$tmp"' EXIT
guest=build/guests/$ARCH.elf
count=0

result()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$tmp/answer"
	fi
}

skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# The last line that the server has said, which shows the wire; what its guest says, too.
server_says()
{
	tail -n 1 "$tmp/log" | grep -qE "$1"
}

start_server()
{
	: >"$tmp/log"
	$LAUNCH --debug "$@" "$COMM" "$IMAGE" >"$tmp/log" 2>&1 </dev/null &
	server=$!
	comes_true server_says '^Listening on port ' || {
		echo "not ok - the server did not start: $(cat "$tmp/log")"
		exit 1
	}
	target=${TARGET:-127.0.0.1:$(sed -n 's/^Listening on port //p' "$tmp/log")}
}

# Behind lldb's `process kill`: a VM that is attached to is not a debugger's to end.
wait_killed()
{
	[ -z "${ATTACHED:-}" ] || kill "$server"
	wait_server
}

# Ends the server, or waits for it to end by itself, but not for ever; its status is in $server_status.
wait_server()
{
	(sleep "$patience"; kill "$server") >/dev/null 2>&1 &
	guard=$!
	wait "$server"
	server_status=$?
	kill "$guard" 2>/dev/null
	server=
}

# lldb's commands are the lines of standard input; what it says is in $tmp/session.
session()
{
	run_lldb -o "target create $guest" -o "gdb-remote $target"
}

# The same, of an lldb that is given no image.
alone()
{
	run_lldb -o "gdb-remote $target"
}

run_lldb()
{
	while IFS= read -r command; do
		set -- "$@" -o "$command"
	done
	timeout --foreground 300 "$LLDB" --no-lldbinit --batch -o "settings set use-color false" -o "settings set plugin.process.gdb-remote.packet-timeout 60" "$@" >"$tmp/session" 2>&1 </dev/null
}

# The same, with a Ctrl-C when the guest runs; one that comes before lldb itself knows that is lost, so it may take several.
interrupted_session()
{
	cat >"$tmp/commands"
	session <"$tmp/commands" &
	lldb=$!
	comes_true server_says '^<- (c|vCont;c)'
	while server_says '^<- (c|vCont;c)'; do
		pkill -INT -P "$lldb"
		sleep 0.3
	done
	wait "$lldb"
}

# like COMMAND PATTERN NAME [NTH]: what lldb said to the NTH such command, in one line, matches.
like()
{
	awk -v "want=(lldb) $1" -v "nth=${4:-1}" '/^\(lldb\) / { on = $0 == want && ++seen == nth; next } on' "$tmp/session" >"$tmp/answer"
	tr '\n' ' ' <"$tmp/answer" | grep -qE "$2"
	result $? "$3"
}

