# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture_stdio.sh PROGRAM: a program that is started without standard descriptors opens its data as 0, 1 and 2; we have something to say,
# and must not say it there.
. "$FDG_SRC/tests/harness/lib.sh"

closed() {
	rm -f data
	env LD_PRELOAD="$preload" FDGUARD_OPTIONS="$options" "$program" data "$@" <&- >&- 2>&-
}

program=$1
preload='' options=''
check "bare" closed children
same "bare, the file holds the program's bytes" mine "$(cat data)"
preload=$FDG_LIB
check "guarded" closed children
same "guarded, the file holds the program's bytes" mine "$(cat data)"
for options in nonsense=1 log=/nonexistent/folder/file level=note:nonsense=1:cloexec=what format=json; do
	check "with $options" closed
	same "with $options the file holds the program's bytes" mine "$(cat data)"
done
# That there was something to say:
options=nonsense=1
message=$(env LD_PRELOAD="$preload" FDGUARD_OPTIONS="$options" "$program" data 2>&1 </dev/null)
check "with a standard error the mistake is told" [ -n "$message" ]
for n in 0 1 2; do
	rm -f data
	case $n in
	0) env LD_PRELOAD="$preload" FDGUARD_OPTIONS= sh -c 'exec cat' <&- >out 2>&1 ;;
	1) env LD_PRELOAD="$preload" FDGUARD_OPTIONS= sh -c 'exec true' </dev/null >&- ;;
	2) env LD_PRELOAD="$preload" FDGUARD_OPTIONS= sh -c 'exec true' </dev/null 2>&- ;;
	esac
	status=$?
	same "a shell without descriptor $n" "$([ "$n" = 0 ] && echo 1 || echo 0)" "$status"
done
finish
