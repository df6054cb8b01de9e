# SPDX-License-Identifier: BSD-2-Clause
# Waiting, in tests: for a state, and for no time that a slow computer would need more of. Sourced.

patience=60 # seconds: longer than anything takes

# comes_true COMMAND...: does it pass, now or at last?
comes_true() {
	comes_true_until=$(($(date +%s) + patience))
	until "$@"; do
		[ "$(date +%s)" -lt "$comes_true_until" ] || return 1
		sleep 0.1
	done
}

has_gone() { # PROCESS
	! kill -0 "$1" 2>/dev/null
}
