# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of `fdguard scan`: three programs that run already. Exits 0 if everything that it says was so.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/show.sh
. "$FDG_SRC/tests/cases/show.sh"
# shellcheck source=tests/cases/service.sh
. "$FDG_SRC/tests/cases/service.sh"

mkdir bin
ln -s "$FDG_RUN" bin/fdguard
ln -s "$FDG_BIN/event-loop" bin/event-loop
export PATH="$tmp/bin:$PATH" HOME="$tmp" LC_ALL=C
pid=''
trap 'status=$?; [ -z "$pid" ] || kill "$pid" 2>/dev/null; service_cleanup; cd /; rm -rf "$tmp"; exit $status' EXIT

# scanned OPTION…: shows it, and its first line of each finding. The whole is in ./scanned.
scanned() {
	command_shown "fdguard scan $*"
	timeout 30 fdguard scan "$@" >scanned 2>&1
	grep '^fdguard: \(warning\|error\): \|: nothing found$' scanned >scanned.heads
	quoted scanned.heads
}
threads_of() { sed -n 's/^Threads:[^0-9]*//p' "/proc/$1/status"; }

printf '%s\n' "${bold}Programs that run already${plain}" '' \
	'They were started without fdguard, and nobody may restart them. All of it runs on this machine.'

heading '1. Go: a thread for each of 500 connections, and no deadline that fires (case 5)'
GO111MODULE=off GOCACHE="$tmp/cache" CGO_ENABLED=0 go build -o dial "$FDG_SRC/tests/supervise/dial.go" || exit 1
DIAL_STAY=1 ./dial file 500 >dialled 2>&1 </dev/null &
pid=$!
await grep -qs 'a thread for each' dialled
printf '   %s\n' "dial has $(threads_of "$pid") threads."
scanned "$pid"
expect 'Go: found' grep -q '500 sockets of dial.s event loop (EPOLLET) are blocking' scanned
scanned --fix "$pid"
expect 'Go: cured' grep -q '500 made non-blocking again, 500 threads set free' scanned
wait "$pid"
pid=''
printf '   It says: %s.\n' "$(sed -n '2s/,.*//p' dialled)"
expect 'Go: its deadlines fire' grep -q '^500 of 500 deadlines fired' dialled

heading '2. Connections that nobody closes (case 2; with closewait.age=1s)'
ulimit -n "$(ulimit -H -n)"
service_starts old old env && replaced || exit 1
sleep 2
scanned --fix --set closewait.age=1s --set closewait.cure=shutdown "$service"
expect 'CLOSE_WAIT: ended' test "$(grep -c ' 360 ended \[closewait.leak\]' scanned)" -eq 3
scanned --set closewait.age=1s "$service"
expect 'CLOSE_WAIT: none is left' grep -q ': nothing found$' scanned
service_ends
printf '   And its own requests: %s.\n' "$(sed -n 's/^requests: //p' old.out)"
expect 'CLOSE_WAIT: the service works' grep -q '^requests: all answered' old.out

heading '3. An event loop at 100 % (case 4): a child keeps open what the loop has closed'
event-loop child old 1 1 >looped 2>&1 </dev/null &
pid=$!
sleep 0.7
scanned "$pid"
expect 'the loop: found' grep -q '\[epoll.stale\]' scanned
scanned --fix "$pid"
expect 'the loop: cured' grep -q 'fdguard took it out \[epoll.stale\]' scanned
wait "$pid"
pid=''
grep -v '^measured: ' looped >looped.said
quoted looped.said
expect 'the loop: the program works' grep -q '100 of 100 answers; 65536 and 65536 bytes' looped
shown_as_expected
