#!/bin/sh
# SPDX-License-Identifier: MIT
# go_matrix.sh [BUILD]: case 5 by hand, with however many connections, for each way to link a Go program: bare, observed, fixed, and the right twin. What test_go.sh checks with 500, in a table.
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=${1:-${FDGUARD_BUILD_DIR:-$source/../../build}}
supervise=$(CDPATH='' cd -- "$build/bin" && pwd)/fdguard-supervise
# shellcheck source=tests/supervise/builds.sh
. "$source/builds.sh"
ulimit -n "$(ulimit -H -n)"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT HUP
cd "$tmp"
export DIAL_TELL=1 GO111MODULE=off GOCACHE="${GOCACHE:-$tmp/cache}"

# row BUILD WAY OPTIONS HOW N
row() {
	rm -f log
	if [ "$2" = bare ]; then
		"./$1" "$4" "$5" 2>told >/dev/null
	else
		FDGUARD_OPTIONS="format=json:log=$tmp/log:$3" "$supervise" "./$1" "./$1" "$4" "$5" 2>told >/dev/null
	fi
	sleep 0.3
	found=$(grep '"id":"nonblock.shared"' log 2>/dev/null || :)
	last=$(printf '%s\n' "$found" | sed -n 's/.*"count":\([0-9]*\).*/\1/p' | tail -n 1)
	places=$(printf '%s\n' "$found" | sed -n 's/.*"file":"[^"]*\/\([^"\/]*\)","line":\([0-9]*\).*/\1:\2/p' | sort -u | tr '\n' ' ')
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$5" "$(tr ' ' '\t' <told)" "${last:-0}" "${places:--}"
}

printf '# build\trun\tconnections\tthreads\tdeadlines fired\tcount\tplaces\n'
for way in $builds; do
	go_build "$way" "$source/dial.go"
	for n in 500 5000; do
		row "$way" bare '' file "$n"
		row "$way" observed '' file "$n"
		row "$way" fixed nonblock=fix file "$n"
		row "$way" twin '' control "$n"
	done
done
