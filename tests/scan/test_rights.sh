# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What may not be looked into is named, and processes come and go.
. "$FDG_SRC/tests/scan/lib.sh"
need setpriv unshare strace
chmod 755 "$tmp"
cp "$FDG_BIN/fdguard-scan" scan && chmod 755 scan

nobody=''
[ "$(id -u)" -ne 0 ] || nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'

# others STATUS SENTENCE OPTION…: as a user who is not root
others() {
	want=$1 sentence=$2
	shift 2
	$nobody timeout 20 ./scan "$@" >out.other 2>said
	same "$sentence" "$want" "$?"
}

others 3 "another user's process" 1
check "is named, and why it cannot be seen" grep -q '^fdguard: .* (pid 1): its descriptors cannot be seen (/proc/1/fd: Permission denied): it is user 0.s; scan it as that user or as root$' said
$nobody timeout 20 ./scan --all >out.other 2>said
check "all that one may look into, and how many that are not" grep -q '^fdguard: [0-9,]* processes with [0-9,]* descriptors looked at in .*; [0-9]* more are other users., and may not be looked into$' out.other
refuse "no more is said" test -s said

$nobody /usr/bin/python3 - <"$FDG_SRC/tests/scan/acts.py" blocked >out 2>&1 &
pid=$!
check "a program of one's own" eventually grep -qs -x ready out
others 0 "is cured without root" --fix "$pid"
check "whole" grep -q '^fdguard: warning: .* is blocking, and 1 of its 1 threads is stuck.*: 1 made non-blocking again, 1 thread set free \[nonblock.shared\]$' out.other
stops

others 2 "no process" 2147483647
check "which is said" grep -q '^fdguard: there is no process 2147483647$' said
if [ "$(id -u)" -eq 0 ]; then
	for how in 1 --all; do
		unshare -m sh -c 'mount -t tmpfs none /proc && exec timeout 20 "$@"' sh ./scan "$how" >out.other 2>said
		same "without /proc ($how)" 2 "$?"
		check "that is said" grep -q '^fdguard: /proc is not mounted here' said
	done
	unshare -m sh -c 'mount -t proc -o hidepid=2 none /proc && exec "$@"' sh $nobody timeout 20 ./scan 1 >out.other 2>said
	same "a process that /proc hides" 2 "$?"
	check "is not said to be none" grep -q '^fdguard: process 1 is there, but cannot be seen' said
fi
others 2 "none is named"
others 2 "no number" x

# In a namespace of its own, which another user may not enter: /proc tells what is there, and each socket its age.
if [ "$(id -u)" -eq 0 ]; then
	unshare -n sh -c 'ip link set lo up; exec setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 - end' <"$FDG_SRC/tests/scan/acts.py" >out 2>&1 &
	pid=$!
	check "a program in another network namespace" eventually grep -qs -x ready out
	sleep 0.3
	others 1 "is looked into" --set closewait.age=100ms "$pid"
	check "CLOSE_WAIT and its age" grep -q '1 socket to 127.0.0.1:[0-9]* in CLOSE_WAIT for at least [0-9.]*m*s' out.other
	timeout 20 "$FDG_BIN/fdguard-scan" --set closewait.age=100ms "$pid" >out.root 2>&1
	check "the same as root, within the namespace" grep -q '1 socket to 127.0.0.1:[0-9]* in CLOSE_WAIT for at least [0-9.]*m*s' out.root
	stops
fi

# Refused, as in a container: no pidfd_getfd and no ptrace
/usr/bin/python3 "$FDG_SRC/tests/scan/acts.py" blocked >out 2>&1 </dev/null &
pid=$!
eventually grep -qs -x ready out
"$FDG_BIN/scan-refused" "$FDG_BIN/fdguard-scan" --fix "$pid" >out.other 2>said
same "where pidfd_getfd is refused" 1 "$?"
check "it is found" grep -q 'is blocking, and 1 of its 1 threads is stuck in a call on one \[nonblock.shared\]' out.other
check "and said why it cannot be cured" grep -q 'its descriptors cannot be fetched (pidfd_getfd: Operation not permitted), so nothing of them can be cured or looked into: the same user, root or CAP_SYS_PTRACE may' said
stops

/usr/bin/python3 "$FDG_SRC/tests/scan/acts.py" writable >out 2>&1 </dev/null &
pid=$!
eventually grep -qs -x ready out
"$FDG_BIN/scan-refused" "$FDG_BIN/fdguard-scan" "$pid" >out.other 2>said
same "where ptrace is refused, nothing found is not well" 3 "$?"
check "which is said" grep -q 'it has a thread that does not sleep, and what that does cannot be seen (ptrace: Operation not permitted): the same user, root or CAP_SYS_PTRACE may' said
timeout -s KILL 60 strace -qq -o /dev/null -p "$pid" >out.other 2>&1 &
strace=$!
eventually grep -qs '^TracerPid:.[1-9]' "/proc/$pid/status"
timeout 20 "$FDG_BIN/fdguard-scan" "$pid" >out.other 2>said
same "nor under strace" 3 "$?"
check "which goes on" grep -qs '^TracerPid:.[1-9]' "/proc/$pid/status"
check "and is named" grep -q ': a debugger has it (process [0-9]*), so loops that turn cannot be seen' said
stops
wait "$strace"

# Processes that multiply and end while they are looked at.
sh -c 'for i in $(seq 400); do /bin/true & done; wait' &
storm=$!
timeout 20 "$FDG_BIN/fdguard-scan" --all --set level=error >out.other 2>said
same "a storm of processes" 0 "$(grep -c -v 'looked at in' said)"
check "all that were there" grep -q '^fdguard: [0-9,]* processes with ' out.other
wait "$storm"
finish
