# SPDX-License-Identifier: BSD-2-Clause
# The library in a VMM that does what VMMs do: library.c, on this KVM. What a VMM's kicks take is library_kicks.sh's.

PARTS=${PARTS:-leave busy pause slots early two alone}
if [ "$PLACE" = own ]; then
	# shellcheck disable=SC2086 # words
	build/examples/library "$IMAGE" $PARTS
else
	machine put "$name" "build/$built-static/examples/library" /bin/library && $IN library "$IMAGE" "$PARTS"
fi
