# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The cases' own programs, found and cured while they run: Go's blocking connections, CLOSE_WAIT, loops that turn.
. "$FDG_SRC/tests/scan/lib.sh"
. "$FDG_SRC/tests/cases/service.sh"
trap 'status=$?; stops; service_cleanup; cd /; rm -rf "$tmp"; exit $status' EXIT
need go ss
ulimit -n "$(ulimit -H -n)"

# ---- case 5, in Go: a thread for each connection, and no deadline that fires

export HOME="$tmp" GO111MODULE=off GOFLAGS=-p=2
. "$FDG_SRC/tests/supervise/builds.sh"
go_build static "$FDG_SRC/tests/supervise/dial.go" || bad "dial.go does not compile"
DIAL_STAY=1 timeout -s KILL 60 ./static file 500 >dialled &
timed=$!
check "it is stuck" eventually grep -q 'a thread for each' dialled
dial=$(pgrep -P "$timed" -x static)
scans 1 "Go: found" "$dial"
check "all of them, and their threads" found '"id":"nonblock.shared".*"message":"500 sockets of static.s event loop (EPOLLET) are blocking, and 500 of its 50[0-9] threads are stuck.*"count":500,"peer":"127.0.0.1:'
check "what to do in Go" found '"fix":"leave out File() and Fd()'
same "looking changes nothing" 'a thread for each' "$(cat dialled)"
scans 0 "Go: cured" --fix "$dial"
check "which is said" found '"action":"fixed".*500 made non-blocking again, 500 threads set free'
wait "$timed"
same "and all deadlines fire" "500 of 500 deadlines fired" "$(sed -n '2s/,.*//p' dialled)"

# ---- case 2: connections that nobody closes

threads=60
service_starts old old env || bad "service A starts"
scans 0 "CLOSE_WAIT: as long as all is well nothing is found" --set closewait.age=1s "$service"
replaced || bad "the instances are replaced"
scans 0 "nor as long as it is young" "$service"
check "nor said" quiet
eventually sh -c "sleep 0.2; timeout 20 '$FDG_RUN' scan --json --set closewait.age=1s $service >log 2>&1; [ \$? -eq 1 ]" || bad "found"
for host in $retired; do
	check "by peer, how many, and since when ($host)" found "\"id\":\"closewait.leak\".*\"count\":$threads,\"peer\":\"$host:$(cat port)\",\"age_ms\":[1-9][0-9][0-9][0-9]"
done
check "and what a cure takes" found '"id":"closewait.leak".*"fix":".*; scan --fix ends them with --set closewait.cure=shutdown alone, as the next send on one would end this program'
scans 1 "cured is not what would end the program" --fix --set closewait.age=1s "$service"
check "which is said" found 'not ended: the next send would end the program, which neither handles nor ignores SIGPIPE'
check "all are as they were" each_in_state $threads close-wait
scans 0 "cured, where that is asked for" --fix --set closewait.age=1s --set closewait.cure=shutdown "$service"
same "which is said of each" 3 "$(findings '"action":"fixed".* 60 ended' | wc -l)"
check "none is left" each_in_state 0 close-wait
scans 0 "nor found" --set closewait.age=1s "$service"
service_ends
check "the program's own requests were answered" grep -q '^requests: all answered' old.out
check "its descriptors stayed its own, and sends say EPIPE" grep -q "^left: 180, its own: 180; send: 0 sent, 180 EPIPE, 0 other; close: 180" old.out

# ---- case 4: loops that turn

journal='100 of 100 answers; 65536 and 65536 bytes'

# loops CAUSE STYLE BEFORE: sets pid. It goes on until it sleeps (to be stopped by ptrace counts as that), BEFORE seconds at least, and then for another one.
loops() {
	"$FDG_BIN/event-loop" "$1" "$2" "$3" 1 </dev/null >out 2>&1 &
	pid=$!
	eventually has_registrations
}
has_registrations() {
	for f in /proc/"$pid"/fd/*; do
		case $(readlink "$f") in *eventpoll*) [ "$(grep -c '^tfd:' "/proc/$pid/fdinfo/${f##*/}")" -ge 4 ] && return 0 ;; esac
	done
	return 1
}

# turns STATUS CAUSE ID EVENTS CURE EPOLL_CTL
turns() {
	loops "$2" old 0.1
	sleep 0.3 # for the child of one of them to be another program
	scans "$1" "$2: found" --fix "$pid"
	check "$2: which descriptor, what it tells, and that it is cured" found "\"id\":\"$3\",\"level\":\"error\",\"action\":\"fixed\".* of $4 on fd [0-9]* (.*; the thread keeps [0-9]* % of a processor busy: $5\""
	timeout 20 "$FDG_RUN" scan --json "$pid" >log 2>said
	refuse "$2: and does not turn any more" found '"id":"epoll'
	wait "$pid"
	pid=''
	check "$2: the program works, and its epoll_ctl says what it would" grep -q "epoll_ctl: $6; $journal" out
}
turns 0 udp epoll.spin EPOLLERR 'fdguard took the error off the socket' 'MOD ok, DEL ok, ADD ok, DEL ok'
turns 0 paused epoll.spin 'EPOLLERR|EPOLLHUP' 'fdguard made its registration edge-triggered, so that it is told of once' 'MOD ok, MOD ok, DEL ok, ADD ok, DEL ok, ADD ok, DEL ok'
turns 1 child epoll.stale EPOLLIN 'fdguard took it out' 'DEL EBADF, ADD ok, DEL ok, ADD ok, DEL ok'

loops udp proper 2
timeout 20 "$FDG_RUN" scan --json "$pid" >log 2>said
check "one that handles it is silent" quiet
wait "$pid"
pid=''
finish
