#!/bin/sh
# SPDX-License-Identifier: MIT
# For the hand, as root; takes some minutes, and 100 MB from the Debian archive:
#   [FDGUARD_DEB=FILE] tests/package/clean.sh [debootstrap's mirror]
# The steps of shim/install/examples/Dockerfile in two clean Debian 12 systems, made by debootstrap: the package is built in the one, and installed in the
# other, which has nothing but what it depends on; there the programs of case 1 and installed.sh are run, and it is purged. Lintian's opinion comes last.
# With FDGUARD_DEB that package is taken and none is built.
set -eu
here=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd -P)
source=$(dirname -- "$(dirname -- "$here")")
mirror=${1:-$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1)}
work=$(mktemp -d "${TMPDIR:-/tmp}/fdguard-clean.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 143' TERM INT HUP
file=$source/shim/install/examples/Dockerfile

# system NAME: a clean Debian 12, which sees this machine's mirror and name servers.
system() {
	debootstrap --variant=minbase bookworm "$work/$1" "${mirror% }" >"$work/$1.log" 2>&1 || { tail "$work/$1.log"; exit 1; }
	for config in /etc/resolv.conf /etc/hosts; do
		[ ! -e $config ] || cp -L $config "$work/$1$config"
	done
}

# inside NAME COMMAND: COMMAND by a shell in that system, with a /proc and /dev of its own.
inside() {
	unshare --mount --pid --fork sh -eu -c 'mount -t proc none "$0/proc"; mount --rbind /dev "$0/dev"; exec chroot "$0" env -i \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive FDG_SRC=/src sh -eu -c "$1"' "$work/$1" "$2"
}

# steps NUMBER: what RUN says in that stage of the Dockerfile.
steps() {
	awk -v n="$1" '/^FROM/ { stage++ } stage == n && sub(/^RUN /, "")' "$file"
}

build() {
	system build
	mkdir "$work/build/src"
	git -C "$source" ls-files -z --cached --others --exclude-standard | (cd "$source" && xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh | tar -c --null -T - -f -) |
		tar -x -C "$work/build/src" -f -
	inside build "$(steps 1)"
	FDGUARD_DEB=$(echo "$work"/build/build/fdguard_*.deb)
}

[ -n "${FDGUARD_DEB-}" ] || build
system plain
cp "$FDGUARD_DEB" "$work/plain/tmp/fdguard_this.deb"
inside plain "$(steps 2)"
echo "== installed: $(inside plain "dpkg-query -W -f '\${Package} \${Version} \${Status}' fdguard")"

# Programs of the tests, built by this machine's compiler.
mkdir -p "$work/plain/src" "$work/plain/programs"
cp -r "$source/tests" "$work/plain/src/"
program() {
	name=$1
	shift
	(cd "$source/tests" && cc -D_GNU_SOURCE -o "$work/plain/programs/$name" "$@")
}
program cloexec-wrong guards/cloexec_wrong.c guards/cloexec_twin.c
program show-fds guards/show_fds.c
program monitor cases/monitor.c
inside plain 'sh /src/tests/package/installed.sh /programs'
inside plain 'apt-get update >/dev/null; apt-get install -y --no-install-recommends lynx >/dev/null
perl -MIO::Socket::INET -e '\''
	$s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die; print $s->sockport, "\n"; close STDOUT;
	for (1 .. 2) { alarm 60; $c = $s->accept; sysread $c, $b, 4096; print $c "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hello</p>"; close $c }'\'' >/tmp/port &
until [ -s /tmp/port ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat /tmp/port)/
echo "== case 1, bare:"; ! /programs/monitor lynx -dump "$url"
echo "== case 1, fdguard run:"; fdguard run -- /programs/monitor lynx -dump "$url" | grep hello'
inside plain 'dpkg -P fdguard && find / -xdev -name "*fdguard*" ! -path "/src/*" ! -path "/var/log/*" ! -path "/var/cache/*" >/tmp/left; cat /tmp/left; [ ! -s /tmp/left ]'
echo '== purged, and nothing is left'
if command -v lintian >/dev/null 2>&1; then
	lintian --allow-root "$FDGUARD_DEB" && echo '== lintian has nothing to say'
fi
