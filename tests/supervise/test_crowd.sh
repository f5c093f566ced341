# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A thousand processes, and more than there is room for.
. "$FDG_SRC/tests/supervise/lib.sh"
crowd=$FDG_BIN/crowd

FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$crowd" crowd 1100 >said
same "what 1,100 processes do at a time goes as it does" "last: 0, first: 0" "$(cat said)"
check "and the last one is seen" found '"id":"nonblock.shared".*"message":"crowd turned fd'
refuse "(there was room)" found run.uncovered

fresh
# shellcheck disable=SC3045
same "where descriptors are few, it goes as it does" "last: 0, first: 0" "$(ulimit -n 120 && FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$crowd" crowd 200)"
same "that there was no room is said once" 1 "$(findings run.uncovered | wc -l)"
check "with how many there were, by a program that was watched" found '"exe":"[^"]*/crowd".*"message":"more than [0-9]* processes run at a time.*"fix":"raise the hard limit'
pid_of() { sed -n "s/.*\"pid\":\([0-9]*\),.*$1.*/\1/p" log | sort -u; }
same "the last one is not seen, and the first one is" "$(pid_of run.start)" "$(pid_of nonblock.shared)"

finish
