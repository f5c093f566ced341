# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture_close_all.sh PROGRAM: daemons that close everything neither break us nor see a descriptor of ours.
. "$FDG_SRC/tests/harness/lib.sh"

program=$1
# shellcheck disable=SC3045 # dash and busybox have it; the loop to a million is slow
ulimit -n 4096
for way in loop walk closefrom close_range syscall; do
	for from in '' from-zero; do
		check "$way $from, bare" "$program" "$way" ${from:+"$from"}
		for options in cloexec=fix cloexec.kinds=all cloexec=report; do
			fresh
			check "$way $from, $options" guarded "$options" "$program" "$way" ${from:+"$from"}
			check "$way $from, $options: the start was told" found '"exe":"[^"]*torture_close_all".*"id":"run.start"'
			check "$way $from, $options: the end was told" found '"exe":"[^"]*torture_close_all".*"id":"run.end"'
		done
	done
done
finish
