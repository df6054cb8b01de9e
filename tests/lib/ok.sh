# SPDX-License-Identifier: BSD-2-Clause
# For a test that is a list of commands. Sourced, with $tmp a folder of the test's own.

count=0

# What is shown of the output of a command that has failed. A test may have its own.
excerpt()
{
	cat
}

# ok NAME COMMAND...: passes when the command does.
ok()
{
	name=$1
	shift
	count=$((count + 1))
	if "$@" > "$tmp/out" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		excerpt < "$tmp/out" | sed 's/^/# /'
	fi
}

# skip NAME REASON
skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

have()
{
	command -v "$1" > /dev/null
}
