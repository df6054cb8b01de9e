# SPDX-License-Identifier: BSD-2-Clause
# The command line and what it cannot use: see inside/bad_input.

if [ "$PLACE" = own ]; then
	sh tests/live/inside/bad_input build/kvm-gdbserver "$IMAGES" "$ARCH"
else
	machine put "$name" tests/live/inside/bad_input /bin/bad_input &&
		$IN 'mkdir -p /etc; echo "nobody:x:65534:65534::/:/bin/sh" >/etc/passwd' &&
		$IN "sh /bin/bad_input /bin/kvm-gdbserver $IMAGES $ARCH"
fi
