# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# closewait=fix: connections that the program does not close are ended, or given keepalive, and its descriptors stay its own. What is not ended, and that nothing else is hit.
# Lasts for three seconds: all at the same time.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
pids=''

# start NAME OPTIONS WAY: in the background; its output goes to NAME.out, findings to NAME.log
start() {
	if [ "$2" = bare ]; then
		timeout 30 closewait-cure "$3" >"$1.out" 2>&1 &
	else
		timeout 30 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$1.log:closewait.age=250ms:$2" closewait-cure "$3" >"$1.out" 2>&1 &
	fi
	pids="$pids $!"
}
# shellcheck disable=SC2317 # check calls it
finding() {
	log=$1.log
	shift
	/usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$tmp/$log" closewait.leak "$@"
}

fix=closewait=fix keepalive=closewait=fix:closewait.cure=keepalive
for way in ended half-closed unread; do
	start "bare-$way" bare $way
done
for way in ended refused half-closed unread forked crowded; do
	start "fix-$way" $fix $way
	start "keepalive-$way" $keepalive $way
done
given='popened execed inherited daemonized spawned'
for way in $given; do
	start "fix-$way" $fix $way
done
start bare-forgotten bare forgotten
start fix-forgotten $fix:closewait.age=1800ms forgotten
start report closewait=report ended
start off closewait=off ended
start fix-watched $fix watched
start race $fix:closewait.age=50ms race
# shellcheck disable=SC2086 # numbers
wait $pids

after='next number is the next
recv 0'
end='close 0
close again EBADF'
bare="CLOSE_WAIT 20
keepalive 0
$after
send done
send EPIPE
SIGPIPE 1
$end"
same "bare" "$bare" "$(cat bare-ended.out)"
same "report: as bare" "$bare" "$(cat report.out)"
same "off: as bare" "$bare" "$(cat off.out)"
same "fix: all are ended, and the first send says so" "CLOSE_WAIT 0
keepalive 0
$after
send EPIPE
send EPIPE
SIGPIPE 1
$end" "$(cat fix-ended.out)"
same "fix: one that an event loop has as well: the first send raises no SIGPIPE" "recv 0
send EPIPE
send EPIPE
SIGPIPE 1
$end" "$(cat fix-watched.out)"
send='send done
send EPIPE
SIGPIPE 1'
same "bare: the peer's host has forgotten it" "recv 0
$send
$end" "$(cat bare-forgotten.out)"
same "fix: … and answers what ends it by a reset" "recv 0
send ECONNRESET
send EPIPE
SIGPIPE 1
$end" "$(cat fix-forgotten.out)"
same "keepalive: it is on, and all else as bare" "$(echo "$bare" | sed 's/keepalive 0/keepalive 1/')" "$(cat keepalive-ended.out)"
same "fix: no number is free" "CLOSE_WAIT 0" "$(cat fix-crowded.out)"
check "fix: said" finding fix-ended action=fixed count=20 total=20 'ports=20 of *' 'age_ms=[1-9]*[0-9][0-9]' 'last_used_ms=[1-9]*[0-9][0-9]' 'message=20 sockets to 127.0.0.1:*: 20 ended*'
refuse "fix: … and not as if it were new" grep -q '"age_ms":0,\|the oldest for 0ms\|last used 0ms' fix-ended.log
check "keepalive: said" finding keepalive-ended action=fixed 'message=*: 20 given keepalive*'
check "report: said" finding report action=reported count=20
refuse "off: not a word" grep -q '"guard":"closewait"' off.log

same "keepalive that the program turned off stays off" "keepalive 0 0" "$(cat keepalive-refused.out)"
check "… which is said" finding keepalive-refused action=reported 'message=*not ended: the program turned keepalive off*'
for way in fix keepalive; do
	same "$way: half closed, and in use" "got all" "$(cat $way-half-closed.out)"
	same "$way: what was not read is there" "$(cat bare-unread.out)" "$(cat $way-unread.out)"
	same "$way: a child has it" "CLOSE_WAIT 1" "$(cat $way-forked.out)"
	check "$way: no number is free: cured nevertheless" finding $way-crowded action=fixed count=1
done
for way in $given; do
	same "$way: its answer arrives" "$(printf 'answer\nCLOSE_WAIT 1')" "$(cat "fix-$way.out")"
done
check "… and why it is not ended is said" finding fix-inherited action=reported 'message=*not ended: a process was started since they were made, which may have them, too*'
refuse "half closed: silent" grep -q '"guard":"closewait"' fix-half-closed.log
same "numbers that are used again at once are not hit" "lost 0 of many" "$(cat race.out)"
check "… though connections were ended" finding race action=fixed

finish
