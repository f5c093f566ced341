# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the tests of this folder.
. "$FDG_SRC/tests/harness/lib.sh"
need bash-static timeout
acts=$FDG_BIN/acts
bash=$(command -v bash-static)

supervise=$FDG_BIN/fdguard-supervise

# watched OPTIONS ACT…: acts, findings as JSON in $tmp/log
watched() {
	options=$1
	shift
	FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$supervise" "$acts" acts "$@"
}

# ours PID: the processes that watch over it, by their titles.
ours() {
	for p in /proc/[0-9]*; do
		tr '\0' '\n' 2>/dev/null <"$p/cmdline" | grep -q -x -e "fdguard: supervises $1" && echo "${p#/proc/}"
	done
	return 0
}

# ended PID: it is gone, or waits for its parent only
ended() {
	[ ! -e "/proc/$1/stat" ] || grep -q -s '^[0-9]* (.*) [ZX]' "/proc/$1/stat"
}

# eventually CMD…: succeeds within 10 s
eventually() {
	for _ in $(seq 1 200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}
