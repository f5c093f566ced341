# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of case 2. Exits 0 if everything that it says was so.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/service.sh
. "$FDG_SRC/tests/cases/service.sh"
# shellcheck source=tests/cases/show.sh
. "$FDG_SRC/tests/cases/show.sh"

mkdir bin
ln -s "$FDG_RUN" bin/fdguard
ln -s "$FDG_BIN/service-a" bin/service-a
export PATH="$tmp/bin:/usr/bin:/usr/sbin:$PATH" HOME="$tmp" LC_ALL=C
age=2s

# by_peer FILE: as the engineer counted them: how many in CLOSE_WAIT, to whom.
by_peer() {
	ss -Htn state close-wait dport = ":$(cat port)" | awk '{ print $4 }' | sort | uniq -c >"$1"
	[ -s "$1" ] || echo '(none)' >"$1"
}

# guarded_run NAME OPTION…: the service under fdguard, until it has told of all.
guarded_run() {
	name=$1
	shift
	service_starts "$name" old fdguard run --set closewait.age="$age" "$@" --
	sleep 1
	replaced
	await told "$name"
	if [ "$name" = fix ]; then await each_in_state 0 close-wait; fi
	by_peer "$name.states"
}
# shellcheck disable=SC2317 # await calls it
told() { [ "$(grep -c "^fdguard: warning: $threads sockets" "$1.said")" -ge 3 ]; }

# first_of FILE: the first paragraph about all sockets of a peer.
first_of() { awk '/^fdguard: / { shown = !done && / '"$threads"' sockets/; if (shown) done = 1 } shown' "$1"; }

printf '%s\n' "${bold}Case 2: connections that nobody closes${plain}" '' \
	'Service A has 360 threads. Each keeps a map of its own from instances of service B to connections, made by an' \
	'SDK (tests/cases/service_a.c, sdk.c). Every night the instances of B are replaced; nobody asks for the old' \
	'addresses again, so nobody looks at their entries. Here: four instances, at 127.0.0.2 to 127.0.0.5, of which' \
	'three are replaced.'

heading '1. Bare'
command_shown "service-a PORT $threads $instances old &"
service_starts bare old env
replaced
by_peer bare.states
command_shown "ss -tn state close-wait | awk '{ print \$4 }' | sort | uniq -c"
quoted bare.states
service_ends
echo
printf '   %s\n' \
	'360 for each instance that is gone, and they stay until the program ends: no timer of the kernel closes them.' \
	'In 2021 there were 200,000 of them, and for three months the alarm was "errors when sending to B".'

heading '2. fdguard, which only watches by default'
command_shown "fdguard run --set closewait.age=$age -- service-a PORT $threads $instances old &"
guarded_run report
service_ends
first_of report.said >first.said
quoted first.said
echo
printf '   %s\n' 'Whose connections, how many, for how long, when they were used last, which code made them, and how many threads:' \
	'360 threads made one each. The same for the other two. (The age at which it is a leak is 60 s where nothing is said.)'

heading '3. fdguard, which ends them'
command_shown "fdguard run --set closewait=fix --set closewait.age=$age -- service-a PORT $threads $instances old &"
guarded_run fix --set closewait=fix
command_shown "ss -tn state close-wait | awk '{ print \$4 }' | sort | uniq -c"
quoted fix.states
service_ends
command_shown 'kill %1'
quoted fix.out
echo
printf '   %s\n' \
	'None is left. The descriptors are the program'"'"'s own still: when it came back to them, send failed, and' \
	'close succeeded. What has to be mended is the map: close what has been idle for some minutes.'

heading '4. The service as its author mended it'
command_shown "fdguard run --set closewait.age=$age -- service-a PORT $threads $instances mended &"
service_starts mended mended fdguard run --set closewait.age="$age" --
replaced
sleep 3
by_peer mended.states
service_ends
quoted mended.states
echo
printf '   %s\n' 'Nothing is left, and fdguard says nothing.'

heading '5. Keepalive'
command_shown "fdguard run --set keepalive=600/5/3 -- service-a PORT $threads $instances old &"
service_starts keepalive old fdguard run --set keepalive=600/5/3 --
ss -Htno state established dport = ":$(cat port)" | sed -n '1,3p' >timers
command_shown "ss -tno state established | head -n 3"
quoted timers
service_ends
echo
printf '   %s\n' 'For peers that vanish without a word: each connection has a timer now. (What the program sets itself, counts.)'

every_peer() {
	for host in $retired; do
		grep -q "^ *$threads $host:" "$1" || return 1
	done
}
expect 'Each instance that is gone should leave 360 sockets.' every_peer bare.states
expect 'The first send on each should succeed.' grep -q '; send: 1080 sent, 0 EPIPE, 0 other; close: 1080$' bare.out
expect 'The service that is watched should keep them as well.' every_peer report.states
expect 'The report should tell of each instance.' told report
expect 'The report should name who made them.' grep -q 'made at .*DataApi.*connect.*libsdk.so+0x' first.said
expect 'The report should name the peer.' grep -q '^ *peer: 127\.0\.0\.[234]:' first.said
expect 'The report should count the threads.' grep -q '360 threads made one each' first.said
expect 'None should be left where they are ended.' grep -qx '(none)' fix.states
expect 'The program should hear of it, and close its own descriptors.' grep -q '^left: 1080, its own: 1080; send: 0 sent, 1080 EPIPE, 0 other; close: 1080$' fix.out
expect 'The mended service should leave none.' grep -qx '(none)' mended.states
expect 'The mended service should not be told of.' test ! -s mended.said
expect 'Each connection should have a timer.' grep -q 'timer:(keepalive,\(9min\|10min\)' timers

shown_as_expected
