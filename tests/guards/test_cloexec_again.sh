# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A server that starts itself again keeps its listener, by exec or in a child; what it starts then does not get it, or is reported, as if the listener had been made in
# the last image.
. "$FDG_SRC/tests/guards/rules.sh"

again() { "$@" 2>err | sort -u; }
leak='"id":"cloexec\.leaked","level":"error".*show-fds (pid [0-9]*) inherited 1 TCP socket from cloexec-again (pid [0-9]*), made at listener_new+'
for how in exec fork spawn; do
	for times in - x xx xxx; do
		words="$how $times show-fds"
		# shellcheck disable=SC2086 # words
		same "bare: $words" '3 socket' "$(again cloexec-again $words)"
		fresh
		# shellcheck disable=SC2086 # words
		same "fix: $words: show-fds does not get it" '' "$(again guarded cloexec=fix cloexec-again $words)"
		check "fix: $words: nothing worth a warning" quiet
		check "fix: $words: what was held back is told" \
			found '"id":"cloexec\.forced".*1 TCP socket of cloexec-again (pid [0-9]*), made at listener_new+.*would have been inherited by show-fds'
		[ $times = - ] || check "fix: $words: what was kept is told" found '"id":"cloexec\.forced".*is a listener and was left open for [^,]*, the same program started again'
		fresh
		# shellcheck disable=SC2086 # words
		same "report: $words: as bare" '3 socket' "$(again guarded cloexec=report cloexec-again $words)"
		check "report: $words: a leak" found "$leak"
		refuse "report: $words: of that program alone" found '"level":"error".*cloexec-again (pid [0-9]*) inherited'
	done
done
fresh
same 'each of several children is held back from' '' "$(again guarded cloexec=fix cloexec-again fork xx show-fds)"
same 'one that is to have it by its number gets it' '3 socket' "$(again guarded cloexec=fix cloexec-again fork x show-fds --fd=3)"
finish
