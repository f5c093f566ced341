# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Threads that wait on one interest list while others add to it, feed it and close what is in it: no wake-up is lost, and each epoll_ctl does what it does bare.
. "$FDG_SRC/tests/harness/lib.sh"

# As lib.sh's, but a program that waits for what does not come ends in a failed check.
guarded() {
	options=$1
	shift
	timeout 100 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$@"
}

run() {
	"$@" >out 2>&1
	status=$?
	sed 's/^/# /' out
	return $status
}

check "bare" run timeout 100 "$FDG_BIN/epoll-stress" 600
for mode in report fix; do
	fresh
	check "$mode" run guarded epoll=$mode "$FDG_BIN/epoll-stress" 600
	check "$mode: the library was there" found '"id":"run.start"'
	refuse "$mode: nothing is said to be ignored" found '"id":"epoll\.ignored"'
done

finish
