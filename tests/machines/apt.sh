# SPDX-License-Identifier: BSD-2-Clause
# Packages of another architecture or release, unpacked without root, and the cache for what is made of them. Sourced by fetch and
# programs. They set `arch`, for what is said.

say() {
	echo "${0##*/}: $*" >&2
}

fail() {
	say "$arch: $*"
	exit 1
}

# The machine's own Debian mirror and release: "URI CODENAME".
debian_source() {
	# shellcheck disable=SC2016 # apt expands them
	apt-get indextargets --format '$(REPO_URI) $(CODENAME)' \
		'Identifier: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' |
		awk '$2 !~ /-/ { print $1, $2; exit }'
}

# private_apt ARCH SUITE: package lists of another architecture or suite, apart from the system's own.
private_apt() {
	state=$work/apt-$1-$2
	apt_config=$state/apt.conf
	[ ! -e "$apt_config" ] || return 0
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	: >"$state/status"
	# Backports lean on their release.
	for lists in "${2%-backports}" "$2"; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $lists main"
	done | uniq >"$state/sources.list"
	cat >"$apt_config" <<-END
		Dir::State "$state";
		Dir::State::Lists "$state/lists";
		Dir::State::status "$state/status";
		Dir::Cache "$state/cache";
		Dir::Etc::SourceList "$state/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		APT::Architecture "$1";
		APT::Architectures { "$1"; };
		APT::Default-Release "$2";
		APT::Sandbox::User "$(id -un)";
		APT::Update::Error-Mode "any";
		Acquire::Languages "none";
		Acquire::Retries "3";
	END
	say "$arch: package lists of $2 for $1"
	apt apt-get update || fail "no package lists of $2 for $1 from $mirror: $(last_error)"
}

# apt PROGRAM ARGS...: PROGRAM on the lists of the last private_apt; -c alone would not undo the system's lists of values.
apt() {
	program=$1
	shift
	"$program" -qq -c "$apt_config" -oAPT::Architectures::= "$@" 2>>"$work/log"
}

# The first complaint is the cause of the others.
last_error() {
	grep '^[EW]:' "$work/log" | head -n 1
}

# unpack DIR PACKAGE...
unpack() {
	try_unpack "$@" || fail "cannot download ${*#"$1"}: $(last_error)"
}

# The same where there is another way: fails, and nothing is unpacked, if one of them cannot be had.
try_unpack() {
	into=$1
	shift
	say "$arch: $*"
	mkdir -p "$into" "$work/debs"
	(cd "$work/debs" && apt apt-get download "$@" >>"$work/log") || { rm -f "$work"/debs/*.deb; return 1; }
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$into"
		rm "$deb"
	done
}

# needs PACKAGE: with all that it needs, by their real names.
needs() {
	apt apt-cache depends --recurse --important "$1" | grep '^[a-z]'
}

# The packages of a kernel: some come in several parts.
kernel_packages() {
	needs "$1" | grep -E '^linux-(image|modules|binary|base)-'
}

# take_kernel ROOT FILE: the kernel of a package that is unpacked in ROOT, as it boots.
take_kernel() {
	cat "$1"/boot/vmlinu[xz]-* >"$2" 2>/dev/null || cat "$1"/usr/lib/modules/*/vmlinuz >"$2"
}

# launcher FILE ROOT PROGRAM [ARGUMENT...]: FILE becomes a script that starts PROGRAM with the loader and the libraries of the release
# that is unpacked in ROOT, and with these arguments first. The three are below $new.
launcher() {
	into=$1
	loader=$(find "$2" -type f -name 'ld-linux*.so.*' | head -n 1)
	libraries=$(dirname "$(find "$2" -name 'libc.so.6' | head -n 1)")
	program=$3
	shift 3
	cat >"$into" <<-END
		#!/bin/sh
		exec "$cache${loader#"$new"}" --library-path "$cache${libraries#"$new"}" \
			--argv0 "\$0" "$cache${program#"$new"}" $* "\$@"
	END
	chmod 755 "$into"
}

# fill CACHE BUILD: runs the function BUILD, which puts files into $new, and makes that the folder CACHE. Costs nothing when it is
# there already. BUILD finds `mirror` and `release`, and may leave in $work what is not to be kept.
fill() {
	cache=$1
	[ ! -d "$cache" ] || return 0
	mkdir -p "$(dirname "$cache")"
	exec 9>"$cache.lock"
	flock 9
	[ ! -d "$cache" ] || return 0

	PATH=$PATH:/usr/sbin:/sbin
	rm -rf "$cache".*/ # what a killed fetch has left
	work=$(mktemp -d "$cache.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	new=$work/new
	mkdir "$new"
	# shellcheck disable=SC2034 # for BUILD
	read -r mirror release <<-END
		$(debian_source)
	END
	[ -n "$mirror" ] || fail "apt knows no Debian mirror: run apt-get update as root"
	"$2"
	mv "$new" "$cache"
	say "$arch: ready in $cache"
}
