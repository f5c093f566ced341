# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture_seccomp.sh PROGRAM: inside a filter that allows only what the program itself does, we do nothing of our own.
. "$FDG_SRC/tests/harness/lib.sh"

program=$1
status_of() {
	"$@" >out 2>err
	echo $?
}

same "the filter is a filter: one call too many is death" 159 "$(status_of "$program" control)"
for way in prctl syscall tsync strict refused; do
	same "$way, bare" 0 "$(status_of "$program" "$way")"
	for options in cloexec=fix cloexec.kinds=all:level=note:stacks=16 cloexec=report:log=stderr; do
		fresh
		same "$way, guarded with $options" 0 "$(status_of guarded "$options" "$program" "$way")"
		same "$way, $options: it said so" "lived on" "$(sort -u out)"
		case $options in *stderr*) continue ;; esac
		check "$way, $options: its start was told" found '"id":"run.start"'
		if [ "$way" = refused ]; then
			check "$way, $options: its end was told" found '"id":"run.end"'
		else
			check "$way, $options: its end was told before the filter went in, and no other" \
				test "$(findings '"id":"run.end"' | grep -c '"until":"seccomp"')$(findings '"id":"run.end"' | wc -l)" = 11
		fi
	done
done
finish
