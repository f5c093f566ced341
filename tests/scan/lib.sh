# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # tmp comes from harness/lib.sh
# For the tests of this folder.
. "$FDG_SRC/tests/harness/lib.sh"
need timeout

pid=''

# eventually CMD…: succeeds within 10 s
eventually() {
	for _ in $(seq 1 200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

# starts CMD…: sets pid to it, when it has said "ready". What it says is in ./out.
starts() {
	stops
	rm -f out
	"$@" >out 2>&1 </dev/null &
	pid=$!
	eventually grep -qs -x ready out || bad "it starts: $*"
}

# stops: it, and whom it started
stops() {
	[ -n "$pid" ] || return 0
	for process in "$pid" $(sed -n 's/^child //p' out); do
		kill "$process" 2>/dev/null
	done
	wait "$pid" 2>/dev/null
	pid=''
}
trap 'status=$?; stops; cd /; rm -rf "$tmp"; exit $status' EXIT

acts() { starts /usr/bin/python3 "$FDG_SRC/tests/scan/acts.py" "$1"; }

# scans STATUS SENTENCE OPTION…: the process, by the launcher. What it finds is in ./log, as JSON; what it says in ./said.
scans() {
	want=$1 sentence=$2
	shift 2
	timeout 20 "$FDG_RUN" scan --json "$@" >log 2>said
	same "$sentence" "$want" "$?"
}
