# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A select beyond FD_SETSIZE in a static program: an error where its set reaches into another argument, a note where the set may be long enough.
. "$FDG_SRC/tests/supervise/lib.sh"
hands=$FDG_BIN/hands

# waits OPTIONS HOW: findings as JSON in $tmp/log
waits() {
	fresh
	FDGUARD_OPTIONS="format=json:log=$tmp/log:$1" "$supervise" "$hands" hands select "$2"
}
ulimit -n "$(ulimit -H -n)"

waits '' small
same "a set of 1,024 bits before another one: the program goes on" 0 $?
check "it is an error" found '"id":"select.overflow","level":"error","action":"reported","message":"hands called select with fd 1500 in its read set, which has no bit for it: the kernel reads and writes the write set of the same call, which lies there","fd":1500,'
waits '' raw
same "a set before its timeout: the program goes on" 0 $?
check "it is an error" found '"level":"error","action":"reported","message":"hands called select with fd 1500 in its write set, which has no bit for it: the kernel reads and writes the timeout of the same call'
check "with the descriptor's kind" found '"kind":"UDP socket"'
for how in large many; do
	waits '' $how
	check "$how: a set that is long enough is a note" found '"id":"select.overflow","level":"note".*fd 1500 in its write set.*cannot be seen from outside'
	check "$how: and no more" quiet
	same "$how: once" 1 "$(findings select.overflow | wc -l)"
done
for how in below empty; do
	waits '' $how
	refuse "$how: nothing is said" found select.overflow
done
waits select=off small
refuse "select=off says nothing" found select.overflow
FDGUARD_OPTIONS= LD_PRELOAD=$FDG_LIB
export FDGUARD_OPTIONS LD_PRELOAD
fresh
FDGUARD_OPTIONS="select=report:format=json:log=$tmp/log" "$supervise" "$FDG_BIN/hands-dynamic" hands select small
same "in a program with the preload it is the preload that tells" 1 "$(findings select.overflow | wc -l)"
refuse "(and not we)" found 'of the same call, which lies there'

finish
