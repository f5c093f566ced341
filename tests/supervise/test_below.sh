# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# An fdguard below another one's supervisor: the one above goes on by its own options and log, and whoever asked for more below hears of it.
. "$FDG_SRC/tests/supervise/lib.sh"

# below OUTER INNER: acts flips a shared socket, under `fdguard run INNER`, under `fdguard run OUTER`; the logs are out and in, standard error is err
below() {
	rm -f out in err
	# shellcheck disable=SC2086
	"$FDG_RUN" run $1 -- "$bash" -c 'exec "$FDG_RUN" run $0 -- "$1" copy dup' "$2" "$acts" >said 2>err
	same "below $1, $2: the program runs as it does" "fd 3 copy 5 blocking" "$(cat said)"
}
in_its_log() { grep -q "\"id\":\"run.uncovered\".*$1" in; }

below "--json --log out" "--json --log out"
same "what is asked for is done above: nothing is said" "" "$(cat err)"
check "and the finding is there" grep -q nonblock.shared out
refuse "(alone)" grep -q run.uncovered out

below "--json --log out" "--json --log in"
check "another log is told which one has the findings" in_its_log "acts is supervised by the fdguard above this one (of process [0-9]*), whose options count: findings go to $tmp/out (here: $tmp/in)"
check "and so is who sits in front of it" grep -q '^fdguard: warning: .*acts is supervised by the fdguard above.*\[run.uncovered\]$' err
check "with what to do" grep -q '"fix":"give these options to the fdguard above' in

below "--set nonblock=off --log out" "--set nonblock=fix --json --log in"
check "a guard that is off above is told of as not covered" in_its_log "whose options count: nonblock=off (here: fix); findings go to"

below "--set nonblock=off --log out" "--set nonblock=report --log out"
check "in a log that both have as well" grep -q 'nonblock=off (here: report) \[run.uncovered\]$' out

below "--set reuseport=off --log out" "--set reuseport=report --log out"
check "so is each of them" grep -q 'whose options count: reuseport=off (here: report) \[run.uncovered\]$' out

below "--json --log out" "--set nonblock=fix --set level=note --json --log out"
refuse "a guard that only reports above has seen it all" grep -q run.uncovered out
check "and that it mends nothing is a note" grep -q '^fdguard: note: .*acts is supervised by the fdguard above this one (of process [0-9]*), whose options count: nonblock=report (here: fix); another level; to have it as asked for here, give' err

: >none
below "--set suppressions=none" "--set only=acts --set skip=x"
check "which lists count is said, and of none too many" grep -q 'whose options count: another only; another skip; to have' err

# The working directory and the standard error that they have are not the same.
mkdir elsewhere
"$FDG_RUN" run --json --log out2 -- "$bash" -c 'cd elsewhere && "$FDG_RUN" run --json --log ../out2 -- "$0" copy dup; "$FDG_RUN" run --json --log "$PWD/../out2" -- "$0" copy dup' "$acts" >/dev/null 2>err
same "one file by two names is one file" "" "$(cat err)"
same "(the finding is there, once)" 1 "$(grep -c nonblock.shared out2)"
"$FDG_RUN" run -- "$bash" -c '"$FDG_RUN" run -- "$0" copy dup 2>err2' "$acts" >/dev/null 2>err
check "a standard error of its own is told of, there" grep -q 'note: .*another standard error' err2
check "the finding is in the one above" grep -q nonblock.shared err

# ---- check ----
"$FDG_RUN" run -- "$bash" -c '"$FDG_RUN" check -- "$0" copy dup; echo "status $?"' "$acts" >said 2>err
check "check below another one has seen nothing: 98" grep -q '^status 98$' said
check "with the reason" grep -q '1\. warning: .*acts is supervised by the fdguard above this one' err
"$FDG_RUN" run -- "$bash" -c '"$FDG_RUN" check -- sh -c "$0 copy dup; :"; echo "status $?"' "$acts" >said 2>err
check "nor of what a dynamic program starts" grep -q '^status 98$' said
check "with what to do there" grep -q 'fix: run check where no other fdguard supervises it' err
"$FDG_RUN" check --supervise -- sh -c '"$FDG_RUN" run -- "$0" copy dup; :' "$acts" >said 2>err
same "check around it has all" 99 $?
check "and no more" grep -q '^Covered: [0-9]* programs ran guarded, 0 did not' err
"$FDG_RUN" check --supervise -- sh -c '"$FDG_RUN" run --set nonblock=off --log none -- "$0" copy dup 2>/dev/null; :' "$acts" >said 2>err
same "whatever those below it ask for" 99 $?
finish
