# SPDX-License-Identifier: BSD-2-Clause
# Debian packages that a test, a demonstration or a build needs.
#
#   sh tests/lib/packages.sh PKG...         or
#   . tests/lib/packages.sh; require_packages PKG...
#
# Silent when all are installed. Installs the missing ones where it may, else says what the user has to run, and fails.
# Everything it says goes to stderr, and it never waits for input.

missing_packages() {
	installed=" $(dpkg-query -W -f '${Package}:${db:Status-Status} ' "$@" 2>/dev/null || :)"
	for package; do
		case $installed in
		*" $package:installed "*) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -oDPkg::Lock::Timeout=300 -oDPkg::Options::=--force-confold \
		"$@" </dev/null >&2
}

# A failed first try means lists that are empty, or so old that they name what the mirror no longer has.
install_packages() {
	apt_get install -y --no-install-recommends "$@" 2>/dev/null ||
		{ apt_get update && apt_get install -y --no-install-recommends "$@"; }
}

require_packages() {
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	missing=${missing% }
	if command -v apt-get >/dev/null && as_root true 2>/dev/null; then
		echo "installing Debian packages: $missing" >&2
		# shellcheck disable=SC2086 # a list of names
		install_packages $missing && return 0
	fi
	echo "packages are missing; please run: sudo apt-get install $missing" >&2
	return 1
}

case $0 in
*packages.sh)
	set -eu
	require_packages "$@"
	;;
esac
