# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A log that nobody reads: what is lost is said once, with how much it was at the end, and not by each program of a tree.
. "$FDG_SRC/tests/supervise/lib.sh"
hands=$FDG_BIN/hands dynamic=$FDG_BIN/hands-dynamic

mkfifo full
sleep 60 <>full & # it holds it open, and reads nothing
holder=$!
eventually dd if=/dev/zero of=full oflag=nonblock bs=1 count=1 2>/dev/null # once it is held
dd if=/dev/zero of=full oflag=nonblock bs=4096 count=1024 2>/dev/null
dd if=/dev/zero of=full oflag=nonblock bs=1 count=4096 2>/dev/null
many='for i in $(seq 1 12); do "$0" list >/dev/null; done'

FDGUARD_OPTIONS="format=json:log=$tmp/full" "$supervise" "$bash" bash -c "$many" "$hands" 2>err
check "a supervisor says at the end how many lines were lost" eventually grep -q 'lines could not be written' err # it may end after the program
same "and at the first one" 2 "$(grep -c 'could not be written' err)"
check "what that means" grep -q "^fdguard: a line could not be written to $tmp/full: it was full and nobody read it; how many there were is said when the program has ended" err
check "how many it was" sh -c '[ "$(sed -n "s/^fdguard: \([0-9]*\) lines could not be written to .*/\1/p" err)" -ge 12 ]'

"$FDG_RUN" run --json --log full -- sh -c "$many" "$dynamic" 2>err
same "of a tree with the preload the first program says it" 1 "$(grep -c 'the start or end of this run could not be written' err)"
check "a finding that is lost is told of by each" sh -c '"$FDG_RUN" run --json --log full -- sh -c "\"\$0\" fork \"\$0\" list; :" "$1" 2>&1 >/dev/null | grep -q "^fdguard: 1 finding could not be written"' - "$dynamic"
kill "$holder"

# As it was: somebody reads.
fresh
FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$bash" bash -c "$many" "$hands" 2>err
same "nothing is said where nothing is lost" "" "$(cat err)"
finish
