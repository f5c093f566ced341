# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Python programs that are wrong in one way each, and their right twins. They run when they are looked at, and are not touched but with --fix.
. "$FDG_SRC/tests/scan/lib.sh"

for right in server prefork meant busy flood; do
	acts "$right"
	scans 0 "$right: nothing is found" "$pid"
	check "$right: and nothing said" quiet
	refuse "$right: all was seen" test -s said
done

# wrong ACT PATTERN: found, and told in a line that matches
wrong() {
	acts "$1"
	scans 1 "$1: found" "$pid"
	check "$1: told" found "$2"
	check "$1: whose it is" found "\"pid\":$pid,\"tid\":$pid,\"exe\":\"/usr/bin/python3"
}
wrong leak '"id":"cloexec.leaked","level":"error".*"message":"sleep (pid [0-9]*) has 3 sockets of python3[^"]* nothing names them".*"count":3'
wrong select '"id":"select.overflow","level":"warning".*"message":"7 of python3.* beyond 1,023.*"fd":1024,"count":7'
wrong listeners '"id":"reuseport.reset","level":"warning".*"message":"3 of 3 listeners on 127.0.0.1:[0-9]* .*"count":5,"local":"127.0.0.1:'
check "whether a close would reset them" found 'closing one resets what is in its queue (net.ipv4.tcp_migrate_req=0)\|tcp_migrate_req=1'
wrong writable '"id":"epoll.spin","level":"error".* of EPOLLOUT on fd [0-9]* (TCP socket to 127.0.0.1:[0-9]*), and no call on it has any effect'
wrong poll '"id":"epoll.spin".*"message":"poll of .* of POLLHUP on fd [0-9]* (pipe)'
wrong end '"id":"epoll.spin".*whose end it reads, and goes on.*"fix":"a read of 0 is the end'
wrong stall '"id":"nonblock.stall","level":"warning".*stood still for at least 150ms'
wrong blocked '"id":"nonblock.shared","level":"warning".*"message":"1 socket of python3[^ ]* event loop (EPOLLET) is blocking, and 1 of its 1 threads is stuck'
refuse "looking changes nothing" grep -q free out

wrong selecting '"id":"select.overflow","level":"error".*waits in select on the first 1,100'

acts apart
child=$(sed -n 's/^child //p' out)
scans 0 "a registration of the parent's, seen from a child that has closed the file" "$child" "$pid"
check "is not stale" quiet

acts served
sleep 0.3
scans 1 "a server's" --set closewait.age=200ms "$pid"
same "are told of together, as each has another peer" 1 "$(findings '"message":"3 sockets accepted at 127.0.0.1:[0-9]* in CLOSE_WAIT .*"count":3,"local":"127.0.0.1:' | wc -l)"

acts closed
sleep 0.3
scans 1 "connections that are closed over there" --set closewait.age=200ms "$pid"
check "of a program that ignores SIGPIPE, as Python does" found '"id":"closewait.leak".*"fix":".*, scan --fix ends them"'
scans 1 "connections that are closed over there, each for its reason" --set closewait.age=200ms --fix "$pid"
same "one is ended" 1 "$(findings '"id":"closewait.leak","level":"warning","action":"fixed".* ago: 1 ended"' | wc -l)"
same "not what another process has" 1 "$(findings '"action":"reported".*not ended: another process has it, too, or may have' | wc -l)"
same "nor what is not read" 1 "$(findings '"action":"reported".*not ended: the program may be about to read' | wc -l)"
scans 1 "keepalive" --set closewait.age=200ms --set closewait.cure=keepalive --fix "$pid"
same "turned on" 1 "$(findings '"action":"fixed".* ago: 1 given keepalive"' | wc -l)"

for note in drained:reuseport.reset dontwait:nonblock.shared cloexec:cloexec.leaked; do
	acts "${note%:*}"
	scans 0 "${note%:*}: no more than a note" "$pid"
	check "${note%:*}: which is there" found "\"id\":\"${note#*:}\",\"level\":\"note\""
done

acts blocked
scans 0 "blocked: cured" --fix "$pid"
check "which is said" found '"action":"fixed".*1 made non-blocking again, 1 thread set free'
check "the thread goes on" eventually grep -q free out
scans 0 "and there is nothing to find any more" "$pid"
check "nor to say" quiet

acts dontwait
scans 0 "what is right is not changed" --fix "$pid"
check "and is as it was" found 'though no thread is stuck'
acts end
scans 1 "what only the program can mend stays" --fix "$pid"
check "and why" found 'not cured: what it tells is true, and only the program can read or write, or take it out'

acts growing
timeout 20 "$FDG_RUN" scan --every 50ms "$pid" >grown 2>said &
scan=$!
check "what only grows is told, in time" eventually grep -q '^fdguard: warning: python3[^ ]* has more descriptors at each of the last 8 looks: from [0-9]* to [0-9]*.* most of them pipes \[fdleak.growth\]' grown
stops
wait "$scan"
same "and when the program ends, so does the scan" 1 "$?"

acts writable
timeout 20 "$FDG_RUN" scan "$pid" >text 2>said
check "as text, like other findings" grep -q '^fdguard: error: epoll_wait of python3.* \[epoll.spin\]$' text
check "with what to do" grep -q '^  fix: ' text
check "and what was looked at" grep -q "^fdguard: python3[^ ]* (pid $pid): .* 1 epoll with 1 registration) and 1 thread looked at in .*: 1 found, 0 cured\$" text
timeout 20 "$FDG_RUN" scan --json --log lines "$pid" >text
check "to a file" grep -q '"id":"epoll.spin"' lines
refuse "and there alone" test -s text

timeout 20 "$FDG_RUN" report --level warning lines >text 2>&1
check "fdguard report reads it" grep -q 'epoll.spin' text
finish
