# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # tmp comes from harness/lib.sh
# For the tests of `fdguard resolve` and its demo, after tests/harness/lib.sh: a name server of ours (server.h says what it answers).

# serve OPTION…: starts it; sets port.
serve() {
	rm -f serve.in serve.out
	mkfifo serve.in || exit 99
	"$FDG_BIN/resolver-serve" "$@" <serve.in >serve.out &
	server=$!
	exec 8>serve.in
	tries=0
	until [ -s serve.out ]; do
		tries=$((tries + 1))
		[ "$tries" -le 100 ] && kill -0 "$server" 2>/dev/null || { echo 'The name server does not start.' >&2; exit 99; }
		sleep 0.05
	done
	port=$(head -n 1 serve.out)
}

# served: ends it; sets queries, of UDP.
served() {
	exec 8>&-
	wait "$server"
	queries=$(sed -n '2s/ .*//p' serve.out)
}

# names FROM TO: ok0.many.example and so on.
names() { awk -v i="$1" -v to="$2" 'BEGIN { while (i < to) print "ok" i++ ".many.example" }'; }
