# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Exit statuses: CMD's own, 99, 98, 0, and 2 for a mistake before anything runs.
. "$FDG_SRC/tests/check/lib.sh"

exits 'nothing found' 0 -- true
says 'it says that it passed' '^fdguard check: passed: 0 findings (exit status 0)$'
says 'and what it covered' '^Covered: 1 program ran guarded, 0 did not$'
exits "CMD's own status" 7 -- sh -c 'exit 7'
exits "CMD's own status comes before a finding" 7 -- sh -c 'cloexec-wrong socket fork show-fds; exit 7'
says 'the finding is told all the same' '\[cloexec\.leaked\]$'
exits 'CMD killed' 137 -- sh -c 'kill -9 $$'
says 'by name' 'killed by SIGKILL'
exits 'no such program' 127 -- nosuchprogram
exits 'no program at all' 126 -- /etc/passwd

exits 'a finding' 99 -- cloexec-wrong socket fork show-fds
exits 'a status of the user' 42 --exitcode 42 -- cloexec-wrong socket fork show-fds
exits 'a status of 0' 0 --exitcode=0 -- cloexec-wrong socket fork show-fds
exits 'never a failure' 0 --no-exitcode -- cloexec-wrong socket fork show-fds
exits 'a status of 0 is for findings alone' 98 --no-supervise --exitcode=0 -- sh -c 'check-static; cloexec-wrong socket fork show-fds'
exits 'never a failure, not for programs that ran unguarded either' 0 --no-supervise --no-exitcode -- sh -c 'check-static; cloexec-wrong socket fork show-fds'
exits "never a failure, but for CMD's own" 3 --no-exitcode -- sh -c 'exit 3'
exits 'a warning' 99 -- cloexec-wrong file fork show-fds
exits 'a warning is no error' 0 --fail-on error -- cloexec-wrong file fork show-fds
says 'but it is counted' '^Let through: 1 finding is below --fail-on '
exits 'an error is' 99 --fail-on error -- cloexec-wrong socket fork show-fds
exits 'fixed, it is no finding' 0 --fix -- cloexec-wrong socket fork show-fds
same 'and does not reach the child' '' "$(cat out)"
exits 'observed, it does' 99 -- cloexec-wrong socket fork show-fds
same 'as bare' '3 socket' "$(cat out)"
exits 'a setting wins over observing' 0 --set cloexec=fix -- cloexec-wrong socket fork show-fds
exits 'the right twin' 0 --fail-on note -- cloexec-right socket fork show-fds
exits 'what was closed in time is no finding' 0 --close-inherited -- cloexec-wrong socket fork show-fds

for mistake in '--nosuch' '--fail-on loud' '--exitcode 256' '--exitcode x' '--max-time soon' '--max-time 0' '--set cloexec=maybe' '--set nosuch=1' \
	'--update-baseline' '--baseline nosuchfile' '--set suppressions=nosuchfile' '--junit no/such/dir' '--log no/such/dir' '--out no/such/dir'; do
	# shellcheck disable=SC2086 # words
	exits "$mistake" 2 $mistake -- touch ran
	check "$mistake: a sentence" grep -q '^fdguard: ' summary
	refuse "$mistake: nothing ran" test -e ran
done
exits 'no program' 2
exits 'an option without its value' 2 --fail-on
FDGUARD_OPTIONS=cloexec=maybe exits 'bad options in the environment' 2 -- touch ran
exits 'CMD with dashes' 0 -- printf %s --json
same 'gets them' --json "$(cat out)"
"$FDG_RUN" check --help >out
check 'help lists the options' grep -q -e '--update-baseline' out
same 'and is what help check says' "$(cat out)" "$("$FDG_RUN" help check)"
finish
