# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Case 1, the child that inherited a thousand sockets: every program alone (healthy), under the leaking monitor (bare), with the monitor guarded
# (parent), and with only the program guarded (child). Then what is said about it.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/lib.sh
. "$FDG_SRC/tests/cases/lib.sh"

programs='wget lynx tclsh lftp rsync curl perl nc tcp tcp-select tcp-libc tcp-closed'
need wget lynx tclsh lftp rsync curl perl nc.traditional timeout diff awk unshare tc
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
check "observed: lynx's FD_SET is reported: which descriptor, by whom, and where that came from" finding select.fortify level=error action=reported \
	'fd=110[0-9]' kind=pipe 'exe=*/lynx' 'site.0.object=*/lynx' 'created.0.object=*/lynx' 'below=1,02? UDP sockets that this program inherited'
fact message cloexec.leaked count=1100 >sentence
check "observed: the sentence names child, parent, kind and count" names sentence lynx monitor 'UDP socket' '1,\{0,1\}100'

record observed-text lynx fdguard run --observe -- monitor
paragraph observed-text/lynx.out cloexec.leaked >text
check "observed, in text: child, parent, kind, count, code" names text '^fdguard: error: ' lynx monitor 'UDP socket' '1,\{0,1\}100' dns_pool_open
paragraph observed-text/lynx.out select.fortify >text
check "observed, in text: the descriptor that FD_SET cannot take, and where it was made" names text '^fdguard: error: ' lynx 'fd 110[0-9]' 'called at /' 'made at /'
same "observed, in text: that is said before the abort" '*** bit out of range 0 - FD_SETSIZE on fd_set ***: terminated' "$(sed -n '$p' observed-text/lynx.out)"

for program in tclsh lftp; do
	fresh
	record observed "$program" fdguard run --observe --json --log "$tmp/log" -- monitor
	check "observed: $program fails as bare" fails_bare observed "$program"
	check "observed: $program's FD_SET is reported, and the abort stays" finding select.fortify level=error action=reported 'fd=110[0-9]' \
		"exe=*/$program*" 'kind=*' 'site.0.object=*' 'created.0.object=*'
done

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
# The program keeps what it inherited, and only its select is mended. First with 1,100 sockets; then with as many as it takes for the numbers of 2014.
#
fresh
record mended tcp-libc monitor fdguard run --json --log "$tmp/log" --
check "tcp.py as in 2014 works under the bare monitor, without --close-inherited" alike healthy mended tcp-libc
check "it is told what its select would have watched, and what it meant" finding select.overflow level=error action=fixed fd=1104 'kind=TCP socket' \
	'created.0.object=*/python3*' 'asked=select(1105, NULL, [[]1024 1026 1104], NULL, {5, 65536})' 'meant=select(1105, NULL, [[]1104], NULL, {5, 0})' \
	'below=1,02? UDP sockets that this program inherited'
check "it had its 1,101 descriptors all the time" finding cloexec.inherited action=reported count=1101

record bare-2014 tcp-libc monitor -n 1041
check "bare, with the numbers of 2014: tcp.py fails as in the incident" fails_bare bare-2014 tcp-libc
fresh
record mended-2014 tcp-libc monitor -n 1041 fdguard run --json --log "$tmp/log" --
check "with the numbers of 2014: tcp.py works" alike healthy mended-2014 tcp-libc
check "with the numbers of 2014: the incident's own call" finding select.overflow action=fixed fd=1045 \
	'asked=select(1046, NULL, [[]1024 1026 1045], NULL, {2097157, 0})' 'meant=select(1046, NULL, [[]1045], NULL, {5, 0})'

# The same on a link where a connection takes 300 ms: the server of the tests above answers after the first retransmission, in a second.
slow_link() { unshare -n /usr/bin/python3 "$cases/slow_link.py" "$@" 127.0.0.1 '{}' libc 2>&1; }
same "300 ms away: tcp.py works alone" open "$(slow_link "$cases/tcp.py")"
same "300 ms away, bare: select does not wait, and the second connect says so" EALREADY "$(slow_link monitor -n 1041 "$cases/tcp.py")"
fresh
got=$(slow_link monitor -n 1041 fdguard run --json --log "$tmp/log" -- "$cases/tcp.py")
same "300 ms away, guarded: exits 0" 0 $?
same "300 ms away, guarded: it waits, and the second connect succeeds" open "$got"
check "300 ms away: the incident's own call" finding select.overflow action=fixed fd=1045 \
	'asked=select(1046, NULL, [[]1024 1026 1045], NULL, {2097157, 0})' 'meant=select(1046, NULL, [[]1045], NULL, {5, 0})'

fresh
record watched tcp-libc monitor fdguard run --observe --json --log "$tmp/log" --
check "select=report: tcp.py fails as bare" fails_bare watched tcp-libc
check "select=report: it is said all the same" finding select.overflow level=error action=reported fd=1104 'meant=select(1105, NULL, [[]1104], NULL, {5, 0})'
fresh
record off tcp-libc monitor fdguard run --set select=off --json --log "$tmp/log" --
check "select=off: tcp.py fails as bare" fails_bare off tcp-libc
refuse "select=off: nothing is said about select" found '"guard":"select"'

# Those that live with high descriptors by themselves do not notice us, nor we them.
for program in $programs; do
	suffers "$program" && continue
	fresh
	record kept "$program" monitor fdguard run --json --log "$tmp/log" --
	check "$program, which can live with high descriptors, still does" alike healthy kept "$program"
	check "$program was guarded" finding run.start
	refuse "$program is told nothing about select" found '"guard":"select"'
done

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
