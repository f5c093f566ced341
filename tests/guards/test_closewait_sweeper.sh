# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# closewait.thread and closewait.signal: a program that makes no call that a guard sees is looked at nevertheless, and sees nothing of it but one thread more, or a signal that
# no longer kills. Lasts for two seconds: all at the same time.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
pids=''
chmod 777 "$tmp" # setuid

# start NAME OPTIONS WAY…: in the background; its output and exit status go to NAME.out, findings to NAME.log
start() {
	name=$1 options=$2
	shift 2
	if [ "$options" = bare ]; then
		(timeout 30 closewait-sweeper "$@" >>"$name.out" 2>/dev/null; echo "exit $?" >>"$name.out") &
	else
		(umask 0; : >"$name.log")
		(timeout 30 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$name.log:closewait.age=200ms:$options" closewait-sweeper "$@" >>"$name.out" 2>"$name.err"
		echo "exit $?" >>"$name.out") &
	fi
	pids="$pids $!"
}
found_in() { grep -q '"id":"closewait.leak"' "$1.log"; }
lines() { printf '%s\n' "$@"; }

thread=closewait.thread=on signal=closewait.signal=USR1
for way in main-leaves main-leaves-first signalled; do
	start "bare-$way" bare $way
done
for way in count sleeps forks setuid main-leaves main-leaves-first filtered in-handler; do
	start "thread-$way" $thread $way
done
for way in signalled on-small-stack own-handler interrupted; do
	start "signal-$way" closewait=fix:$signal $way
done
start thread-exec $thread exec echo "another program"
start without level=note sleeps
start off closewait=off:$thread:$signal count
(
	trap '' USR1
	start ignored $signal signalled
	# shellcheck disable=SC2086 # numbers
	wait $pids
) 2>/dev/null
# shellcheck disable=SC2086
wait $pids
for _ in $(seq 100); do
	grep -q daemon thread-forks.out && break
	sleep 0.05
done

check "no call: nobody looks" grep -q '"id":"run.start"' without.log
refuse "no call: nothing is found" found_in without
check "thread: it is found" found_in thread-sleeps
same "thread: the program is killed as ever" "exit 137" "$(cat thread-sleeps.out)"
same "thread: from the first TCP socket on; errno" "1 1 2 errno 77 2" "$(head -n 1 thread-count.out)"
same "thread: it blocks what can be blocked" "1 fffffffe7ffbfeff" "$(grep fffff thread-count.out)"
same "off: none" "1 1 1 errno 77 1" "$(head -n 1 off.out)"
same "thread: not in a handler" "$(lines 'after the handler 1' 'later 2' 'exit 0')" "$(cat thread-in-handler.out)"
same "thread: children have one when they make a socket" "$(lines 'child 1 2' 'daemon 1 2' 'exit 0' 'parent 2')" "$(sort thread-forks.out)"
same "thread: setuid is for all" "$(printf '2 65534\t65534\t65534\t65534\nexit 0')" "$(cat thread-setuid.out)"
for way in main-leaves main-leaves-first; do
	same "thread: $way: the process ends as ever" "$(cat bare-$way.out)" "$(cat thread-$way.out)"
done
same "thread: gone before a filter" "$(lines 'threads 1' 'threads 1' 'exit 0')" "$(cat thread-filtered.out)"
same "thread: exec" "$(lines 'another program' 'exit 0')" "$(cat thread-exec.out)"

same "bare: the signal kills" "exit 138" "$(cat bare-signalled.out)"
same "signal: it does not" "$(lines lives 'exit 137')" "$(cat signal-signalled.out)"
check "signal: it is found" found_in signal-signalled
check "signal: nothing leaks any more: that is said, too" grep -q '^fdguard: closewait.signal: [0-9]* TCP sockets*, none in CLOSE_WAIT for 200ms$' signal-signalled.err
same "signal: on a stack of 8 KiB" "$(lines lives 'exit 137')" "$(cat signal-on-small-stack.out)"
check "signal: … it is found" found_in signal-on-small-stack
same "signal: the program's own handler" "$(lines 'handled 1' lives 'exit 137')" "$(cat signal-own-handler.out)"
check "signal: … and ours, put back by it" found_in signal-own-handler
same "signal: what is restarted, and what is not" "$(lines 'read 1' 'poll EINTR' 'exit 0')" "$(cat signal-interrupted.out)"
same "signal: ignored, and left so" "$(lines lives 'exit 137')" "$(cat ignored.out)"
refuse "signal: ignored: nothing is found" found_in ignored
check "signal: ignored: which is said" grep -q 'closewait.signal: signal 10 was ignored when the program started' ignored.log ignored.err

finish
