# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture.sh PROGRAM [ARG…]: the program must succeed bare, guarded, and with every kind of descriptor made close-on-exec; and the log must be
# whole lines, with a start and an end.
. "$FDG_SRC/tests/harness/lib.sh"

# whole_lines: the log holds nothing but findings, one a line, of this program's start and end among others
whole_lines() {
	[ "$(grep -c '^{"v":1,.*}$' log)" = "$(wc -l <log)" ] && found '"id":"run.start"' && found '"id":"run.end"'
}

check "bare" "$@"
for options in cloexec=fix cloexec.kinds=all cloexec=report; do
	fresh
	check "guarded, $options" guarded "$options" "$@"
	check "the log of $options is whole" whole_lines
done
finish
