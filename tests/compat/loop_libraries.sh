#!/bin/sh
# SPDX-License-Identifier: MIT
# loop_libraries.sh [BUILD]: the regression programs of libevent (on epoll alone) and of libev (those of its binding for Perl, EV: libev itself has none), from Debian's
# sources: bare, with epoll=fix, with epoll=report. It fetches 2 MB, builds, and takes about six minutes: no part of ctest. WORK names a folder that
# is kept and used again. Wants Debian 12, gcc, make, libperl-dev, libcommon-sense-perl, libcanary-stability-perl.
# Exit 1: a test that passes bare fails guarded in three tries more, or something of guard epoll is said that is not true. True is epoll.stale in
# libevent's main/dup_fd, which closes a registered duplicate on purpose.
set -u
unset LD_PRELOAD FDGUARD_OPTIONS FDGUARD_NOTE
build=$(cd "${1:-${FDGUARD_BUILD_DIR:-$(dirname "$0")/../../build}}" && pwd) || exit 2
lib=$build/lib/libfdguard.so work=${WORK:-$(mktemp -d)} wrong=0
mkdir -p "$work" && cd "$work" && work=$PWD || exit 2
[ -n "${WORK-}" ] || trap 'cd /; rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
# libevent's names for all that is not epoll; libev's number for it
export EVENT_NOKQUEUE=1 EVENT_NODEVPOLL=1 EVENT_NOPOLL=1 EVENT_NOSELECT=1 EVENT_NOEVPORT=1 EVENT_NOWIN32=1 LIBEV_FLAGS=4

fail() {
	echo "loop_libraries.sh: $*" >&2
	exit 2
}

# With the sources that belong to this machine's packages, and lists of our own.
apt() {
	apt-get -q -o "Dir::Etc::sourcelist=$work/deb-src.sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root "$@"
}

fetch() {
	mkdir -p lists/partial
	sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >deb-src.sources || fail 'no debian.sources'
	apt update >fetch.log 2>&1 && apt source --download-only libevent libev-perl >>fetch.log 2>&1 || fail "see $work/fetch.log"
	for file in libevent_*.orig.tar.* libev-perl_*.orig.tar.*; do
		case $file in *.asc) continue ;; esac
		tar xf "$file" || fail "$file"
	done
}

make_libevent() (
	cd libevent-*/ && ./configure --disable-openssl --disable-samples --enable-static --disable-shared CFLAGS='-O1 -g' && make -j2 && make -j2 check TESTS=
) >libevent.log 2>&1

make_ev() (
	cd EV-*/ && PERL_CANARY_STABILITY_DISABLE=1 perl Makefile.PL </dev/null && make -j2
) >ev.log 2>&1

# run OPTIONS|bare OUTPUT CMD…
run() {
	options=$1 output=$2
	shift 2
	if [ "$options" = bare ]; then
		timeout 600 "$build/bin/clean-fds" "$@" >"$output" 2>&1 </dev/null
	else
		timeout 600 "$build/bin/clean-fds" env LD_PRELOAD="$lib" FDGUARD_OPTIONS="format=json:log=$work/$options.log:$options" "$@" >"$output" 2>&1 </dev/null
	fi
}

# The names of tests that did not pass: "[simpletimeout FAILED]".
failed() { sed -n 's/^ *\[\([a-z0-9_]*\) FAILED\]$/\1/p' "$1" | sort -u; }

# Many of libevent's tests are about time: one that fails where the machine was busy gets three tries more, alone.
libevent() {
	run "$1" "libevent.$1" "$regress"
	echo "libevent, $1: $(tail -n 1 "libevent.$1")"
	for name in $(failed "libevent.$1"); do
		group=$("$regress" --list-tests 2>/dev/null | sed -n "s/^ *\([a-z]*\/$name\)\( .*\)*$/\1/p" | head -n 1)
		for try in 1 2 3; do
			run "$1" again "$regress" "${group:-$name}" && break
		done
		if [ -z "$(failed again)" ]; then
			echo "  $name: passed when tried again ($try)"
		elif [ "$1" = bare ]; then
			echo "  $name: fails bare"
			echo "$name" >>fails_bare
		elif grep -qx "$name" fails_bare; then
			echo "  $name: fails, as it does bare"
		else
			echo "  $name: FAILS, and does not bare"
			wrong=1
		fi
	done
}

ev() {
	if (cd EV-*/ && run "$1" "$work/ev.$1" prove -b t); then
		echo "libev, $1: $(sed -n 's/^Files=[0-9]*, \(Tests=[0-9]*\),.*/\1/p' "ev.$1") passed"
	else
		echo "libev, $1: $(tail -n 1 "ev.$1")"
		[ "$1" = bare ] || wrong=1
	fi
}

said() {
	grep '"guard":"epoll"' "$1.log" | grep -v '"level":"note"' >said
	while read -r line; do
		case $line in
		*'"id":"epoll.stale"'*'test_dup_fd+'*) echo "said, and true: main/dup_fd closes a registered duplicate: epoll.stale" ;;
		*)
			echo "SAID: $line" | cut -c1-600
			wrong=1
			;;
		esac
	done <said
}

[ -d "$(echo libevent-*/)" ] && [ -d "$(echo EV-*/)" ] || fetch
regress=$(echo "$work"/libevent-*/test/regress)
[ -x "$regress" ] || make_libevent || fail "see $work/libevent.log"
regress=$(echo "$work"/libevent-*/test/regress)
[ -d "$(echo EV-*/blib)" ] || make_ev || fail "see $work/ev.log"
rm -f ./*.log.* fails_bare epoll=*.log
: >fails_bare
for options in bare epoll=fix epoll=report; do
	libevent "$options"
	ev "$options"
	[ "$options" = bare ] || said "$options"
done
exit "$wrong"
