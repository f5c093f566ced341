#!/bin/sh
# SPDX-License-Identifier: MIT
# table.sh [BUILD]: the whole table: each work bare, with an empty preload, guarded; the same work under valgrind --track-fds=yes, strace -f
# and socket_wrapper (fewer passes, time on the wall); memory. Tab-separated, or in columns on a terminal. --budget: exit 1 if one is missed.
set -eu
budget=
[ "${1-}" != --budget ] || { budget=--budget; shift; }
build=${1:-${FDGUARD_BUILD_DIR:-$(dirname "$0")/../../build}}
build=$(cd "$build" && pwd)
bench=$build/bin/bench-calls
[ -x "$bench" ] || { echo "table.sh: no $bench; build first" >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT HUP
tab=$(printf '\t')
missed=0

# peer NAME ARGS…: one column, the ratio to bare.
peer() {
	name=$1
	shift
	"$bench" --wall --rounds 1 --passes 5 --pass-us 20000 "$@" >"$tmp/$name" || : >"$tmp/$name"
}

wrapper=
for file in /usr/lib/*-linux-gnu/libsocket_wrapper.so /usr/lib64/libsocket_wrapper.so /usr/lib/libsocket_wrapper.so; do
	[ ! -e "$file" ] || wrapper=$file
done
"$bench" $budget >"$tmp/calls" || missed=1
for name in valgrind strace socket_wrapper; do
	: >"$tmp/$name"
done
! command -v valgrind >/dev/null || peer valgrind --wrap 'valgrind -q --track-fds=yes --log-file=/dev/null'
! command -v strace >/dev/null || peer strace --wrap 'strace -f -o /dev/null'
mkdir "$tmp/sockets"
[ -z "$wrapper" ] || SOCKET_WRAPPER_DIR="$tmp/sockets" SOCKET_WRAPPER_DEFAULT_IFACE=10 peer socket_wrapper --lib "$wrapper"

columns() {
	if [ -t 1 ] && command -v column >/dev/null; then column -t -s "$tab"; else cat; fi
}

cd "$tmp"
awk -F "$tab" -v OFS="$tab" -v calls=calls '
	FILENAME != calls { if (!/^#/) ratio[FILENAME, $1] = $4; next }
	/^#/ { print "work", "bare ns", "guarded ns", "ratio", "budget", "verdict", "empty", "min ratio", "spread %", "valgrind", "strace -f", "socket_wrapper"; next }
	{ print $1, $2, $3, $4, $5, $6, $8, $12, $13 "/" $15, out("valgrind", $1), out("strace", $1), out("socket_wrapper", $1) }
	function out(peer, work) { return (peer, work) in ratio ? ratio[peer, work] : "-" }
' valgrind strace socket_wrapper calls | columns
echo
"$build/bin/bench-memory" $budget >"$tmp/memory" || missed=1
sed 's/^# //' "$tmp/memory" | columns
exit "$missed"
