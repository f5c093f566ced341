# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# When a change behind a descriptor's back is told of: not before somebody is harmed by it, and then in every case, whatever happened before.
. "$FDG_SRC/tests/guards/rules.sh"

finding() { /usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$tmp/log" "$@"; }
shared() { findings '"id":"nonblock\.shared"' | grep -c '"level":"warning"'; }

# harmed WANT CONDITION… -- WAY ARGUMENT…: as bare, and told once
harmed() {
	want=$1 conditions=
	shift
	while [ "$1" != -- ]; do
		conditions="$conditions $1"
		shift
	done
	shift
	same "bare: $*" "$want" "$(timeout 60 nonblock-late "$@" 2>&1)"
	fresh
	same "report: $*" "$want" "$(guarded nonblock=report:cloexec=off nonblock-late "$@" 2>&1)"
	# shellcheck disable=SC2086 # conditions are words
	check "report: $*: told" finding nonblock.shared level=warning action=reported $conditions
	same "report: $*: once" 1 "$(shared)"
}

rule_modes='nonblock=report:cloexec=off nonblock=fix:cloexec=off'
rule "kept" 'done' nonblock-late kept
rule "polled" 'read read EAGAIN read read EAGAIN done' nonblock-late polled
rule "exits" 'EAGAIN' nonblock-late exits
rule "copied" 'done' nonblock-late copied
rule "worker" 'done' nonblock-late worker
rule "gone" 'EAGAIN' nonblock-late gone

for n in 63 64 65 200; do
	harmed EAGAIN mode=non-blocking fd=3 other_fd=5 -- many "$n"
	harmed EAGAIN mode=non-blocking -- stay "$n"
done
harmed part mode=non-blocking fd=4 other_fd=5 -- cut
harmed EAGAIN mode=non-blocking fd=4 other_fd=5 -- prints
harmed EAGAIN mode=non-blocking fd=3 other_fd=5 'message=*(process*' -- daemon
harmed waits mode=blocking fd=3 other_fd=3 'message=*(process*' -- loop
for how in poll ppoll number; do
	harmed polled mode=blocking fd=5 other_fd=3 -- in-poll "${how#poll}"
done
harmed waits mode=blocking fd=3 other_fd=3 site.0.object=*/libnonblock-change.so 'site.0.symbol=make_it_block+*' -- module "$FDG_BIN/libnonblock-change.so"
harmed waits mode=blocking fd=3 other_fd=3 -- wild "$FDG_BIN/libnonblock-change.so"

finish
