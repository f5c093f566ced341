# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # tmp comes from harness/lib.sh
# For case 4's test and demo, after tests/harness/lib.sh: the loop of 2003 and its causes. What a program says is in NAME.out, what it measured in NAME.measured.

# run_split NAME CMD…
run_split() {
	name=$1
	shift
	timeout 60 "$@" >"$name.all" 2>&1 </dev/null
	grep -v '^measured: ' "$name.all" >"$name.out"
	grep '^measured: ' "$name.all" >"$name.measured"
}

# loop_run NAME CAUSE old|proper BEFORE SECONDS PREFIX…
loop_run() {
	name=$1 what="$2 $3 $4 $5"
	shift 5
	# shellcheck disable=SC2086 # four words
	run_split "$name" "$@" "$FDG_BIN/event-loop" $what
}

# measured NAME KEY
measured() { sed -n "s/.* $2=\([^ ]*\).*/\1/p" "$1.measured"; }

# turns_in_vain NAME: it was woken again and again with nobody to call, and did not sleep in between: a whole core, if it got one. (What the machine has to do besides
# takes CPU time from it, and no will to run.)
turns_in_vain() {
	awk -v idle="$(measured "$1" idle)" -v slept="$(measured "$1" slept)" -v busy="$(measured "$1" busy)" \
		'BEGIN { exit !(idle >= 10000 && slept != "" && slept <= 5 && busy > 80) }' || {
		sed 's/^/# /' "$1.measured"
		return 1
	}
}

# rests NAME: less than 2 % of a core.
rests() {
	awk -v core="$(measured "$1" core)" 'BEGIN { exit !(core != "" && core < 2) }' || {
		sed 's/^/# /' "$1.measured"
		return 1
	}
}
