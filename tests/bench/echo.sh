#!/bin/sh
# SPDX-License-Identifier: MIT
# echo.sh [BUILD [ROUNDS [MS]]]: round trips a second of an echo server in Go, bare, supervised and under strace, in turns; the best round of each. Tab-separated.
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=${1:-${FDGUARD_BUILD_DIR:-$source/../../build}}
rounds=${2:-5} ms=${3:-1000} clients=32
supervise=$(CDPATH='' cd -- "$build/bin" && pwd)/fdguard-supervise
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT HUP
GO111MODULE=off CGO_ENABLED=0 GOCACHE=${GOCACHE:-$tmp/cache} go build -o "$tmp/echo" "$source/echo.go"
cd "$tmp"
mkfifo in out

# trips CMD…: the server under CMD, the clients without
trips() {
	"$@" serve <in >out 2>/dev/null &
	server=$!
	exec 9>in
	read -r address <out
	./echo load "$address" "$clients" "$ms" 9>&-
	exec 9>&-
	wait "$server"
}

one() {
	case $1 in
	bare) trips ./echo ;;
	supervised) FDGUARD_OPTIONS=log=none trips "$supervise" ./echo echo ;;
	"strace --seccomp-bpf") trips strace -f --seccomp-bpf -e fcntl -o /dev/null ./echo ;;
	"strace -f") trips strace -f -e fcntl -o /dev/null ./echo ;;
	esac
}

for _ in $(seq "$rounds"); do
	for how in bare supervised "strace --seccomp-bpf" "strace -f"; do
		printf '%s\t%s\n' "$how" "$(one "$how")"
	done
done | awk -F '\t' -v OFS='\t' '
	!($1 in best) { name[++n] = $1 }
	$2 > best[$1] { best[$1] = $2 }
	END {
		print "# echo server in Go", "round trips/s", "ratio"
		for (i = 1; i <= n; i++)
			printf "%s\t%d\t%.2f\n", name[i], best[name[i]], best[name[i]] / best["bare"]
	}'
