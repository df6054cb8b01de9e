# SPDX-License-Identifier: BSD-2-Clause
# Core files of machines: where the server writes them, in FILES, and where they are looked at, in HERE. Sourced.

open_files() {
	HERE=$(mktemp -d)
	FILES=$HERE
	# shellcheck disable=SC2154 # of part
	[ "$PLACE" = own ] || FILES=/files
	export HERE FILES
	trap 'rm -rf "$HERE"' EXIT
	[ "$PLACE" = own ] || $IN 'rm -rf /files && mkdir /files'
}
