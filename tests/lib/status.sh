# SPDX-License-Identifier: BSD-2-Clause
# For a test that looks at statuses by itself, and ends with `exit $failed`. Sourced.

count=0
failed=0

# What is shown of a check that has failed. A test may have its own.
excerpt()
{
	:
}

ok() # STATUS NAME
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
		excerpt | sed 's/^/# /'
	fi
}

skip() # NAME REASON
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}
