# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Case 1, the child that inherited a thousand sockets: every program alone (healthy), under the leaking monitor (bare), with the monitor guarded
# (parent), and with only the program guarded (child). Then what is said about it.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/lib.sh
. "$FDG_SRC/tests/cases/lib.sh"

programs='wget lynx tclsh lftp rsync curl perl nc tcp tcp-select tcp-libc tcp-closed'
need wget lynx tclsh lftp rsync curl perl nc.traditional timeout diff awk
cases_begin

# finding ID CONDITION…: a line of the log, see finding.py. fact KEY ID CONDITION…: prints a field of such lines.
# shellcheck disable=SC2317 # called by check
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }
fact() {
	key=$1
	shift
	/usr/bin/python3 "$cases/finding.py" -p "$key" "$tmp/log" "$@"
}

# aborts STATE PROGRAM: as fails_bare, but a shell in between may add a word ("Aborted").
# shellcheck disable=SC2317 # called by check
aborts() { [ "$(cat "$1/$2.status")" = 134 ] && has_line "$1/$2.out" "$(bare_text "$2")"; }

#
# Without us
#
for program in $programs; do
	record healthy "$program"
	check "$program alone works" works healthy "$program"
	record bare "$program" monitor
	if suffers "$program"; then
		check "$program under the leaking monitor fails as in the incident" fails_bare bare "$program"
	else
		check "$program under the leaking monitor lives: it does not use a set of 1,024 bits" alike healthy bare "$program"
	fi
done
monitor ls /proc/self/fd >bare.fds
same "the bare child starts with 1,101 descriptors too many, and opens one" 1105 "$(wc -l <bare.fds)"
ls /proc/self/fd >healthy.fds

#
# The monitor guarded
#
for program in $programs; do
	record parent "$program" fdguard run -- monitor
	check "$program works under the guarded monitor, and nothing is said" alike healthy parent "$program"
done
fdguard run -- monitor ls /proc/self/fd >parent.fds
same "the guarded monitor's child starts with the usual descriptors" "$(cat healthy.fds)" "$(cat parent.fds)"

for method in fork vfork posix_spawn system popen; do
	record "bare-$method" lynx monitor -m "$method"
	check "bare, $method: lynx aborts" aborts "bare-$method" lynx
	fresh
	record "parent-$method" lynx fdguard run --json --log "$tmp/log" -- monitor -m "$method"
	check "guarded monitor, $method: lynx works" alike healthy "parent-$method" lynx
	check "guarded monitor, $method: 1,100 UDP sockets of dns_pool_open were withheld" finding cloexec.forced level=note action=fixed count=1100 \
		'kind=UDP socket' fds=3-1102 'created.0.symbol=dns_pool_open+*' 'created.0.object=*/monitor' 'parent_exe=*/monitor'
	check "guarded monitor, $method: and its epoll" finding cloexec.forced level=note action=fixed count=1 kind=epoll 'created.0.symbol=dns_pool_open+*'
	check "guarded monitor, $method: the monitor was guarded" finding run.start 'exe=*/monitor'
	check "guarded monitor, $method: lynx was guarded too" finding run.start 'exe=*/lynx'
	check "guarded monitor, $method: nothing at level warning or above" quiet
done

#
# The monitor observed
#
fresh
record observed lynx fdguard run --observe --json --log "$tmp/log" -- monitor
check "observed: lynx fails as bare" fails_bare observed lynx
check "observed: the 1,100 sockets are reported" finding cloexec.leaked level=error action=reported count=1100 'kind=UDP socket' fds=3-1102 \
	'created.0.symbol=dns_pool_open+*' 'created.0.object=*/monitor' 'exe=*/lynx' 'parent_exe=*/monitor'
check "observed: the epoll is reported" finding cloexec.leaked level=error action=reported count=1 kind=epoll 'created.0.symbol=dns_pool_open+*' \
	'exe=*/lynx' 'parent_exe=*/monitor'
same "observed: that is all that leaked" 2 "$(fact count cloexec.leaked | wc -l)"
parent=$(fact pid run.start 'exe=*/monitor')
refuse "observed: the monitor says that it started" test -z "$parent"
same "observed: the parent's pid is the monitor's" "$parent" "$(fact parent_pid cloexec.leaked count=1100)"
refuse "observed: nothing is called fixed" finding cloexec.forced
fact message cloexec.leaked count=1100 >sentence
check "observed: the sentence names child, parent, kind and count" names sentence lynx monitor 'UDP socket' '1,\{0,1\}100'

record observed-text lynx fdguard run --observe -- monitor
paragraph observed-text/lynx.out cloexec.leaked >text
check "observed, in text: child, parent, kind, count, code" names text '^fdguard: error: ' lynx monitor 'UDP socket' '1,\{0,1\}100' dns_pool_open

#
# Only the program guarded
#
for program in $programs; do
	fresh
	record child "$program" monitor fdguard run --close-inherited --json --log "$tmp/log" --
	check "$program works guarded under the bare monitor" alike healthy child "$program"
	check "$program is told what it was freed of" finding cloexec.inherited level=warning action=fixed count=1101 fds=3-1103 'kinds=*UDP socket*'
done
for method in vfork posix_spawn system popen; do
	fresh
	record "child-$method" lynx monitor -m "$method" fdguard run --close-inherited --json --log "$tmp/log" --
	check "only lynx guarded, $method: it works" alike healthy "child-$method" lynx
	check "only lynx guarded, $method: 1,101 descriptors closed" finding cloexec.inherited action=fixed count=1101
done
monitor fdguard run --close-inherited --json --log "$tmp/log" -- ls /proc/self/fd >child.fds
same "only the child guarded: it starts with the usual descriptors" "$(cat healthy.fds)" "$(cat child.fds)"

monitor fdguard run --close-inherited -- lynx -dump "http://127.0.0.1:$(port http)/" >child.out 2>child.err
same "only lynx guarded, in text: its output is its own" "$(cat healthy/lynx.out)" "$(cat child.out)"
paragraph child.err cloexec.inherited >text
check "only lynx guarded, in text: program, kind, count" names text '^fdguard: warning: ' lynx 'UDP socket' '1,\{0,1\}10[01]'

# Reporting only, the program keeps what it inherited and fails as bare.
fresh
record kept lynx monitor fdguard run --json --log "$tmp/log" --
check "without --close-inherited lynx fails as bare" fails_bare kept lynx
check "without --close-inherited it is reported" finding cloexec.inherited level=warning action=reported count=1101

#
# A stand-in: the monitor starts the probe by name, and finds the symbolic link first
#
mkdir early late
ln -s "$FDG_RUN" early/tcp.py
ln -s "$cases/tcp.py" late/tcp.py
fresh
want=$(monitor -n 0 late/tcp.py 127.0.0.1 "$(port slow)" select)
same "the stand-in's probe works without a leak" open "$want"
got=$(PATH=$tmp/early:$tmp/late:$PATH FDGUARD_OPTIONS="format=json:log='$tmp/log'" monitor tcp.py 127.0.0.1 "$(port slow)" select 2>&1)
same "the stand-in exits as the probe" 0 $?
same "the stand-in's probe works under the bare monitor" "$want" "$got"
check "the stand-in closes what the probe inherited" finding cloexec.inherited action=fixed count=1101 'exe=*python3*'
got=$(PATH=$tmp/early:$tmp/late:$PATH FDGUARD_OPTIONS="log=none" monitor tcp.py 127.0.0.1 "$(port closed)" select 2>&1)
same "the stand-in hands on a failure's exit status" 1 $?
same "the stand-in hands on a failure's output" ECONNREFUSED "$got"

finish
