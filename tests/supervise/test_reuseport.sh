# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A SO_REUSEPORT listener of a static program, and of one in Go, that goes with connections in its queue. Nobody tells the supervisor of that: it has looked at the queue before, and misses the listener then.
. "$FDG_SRC/tests/supervise/lib.sh"
need go ip sysctl unshare

export HOME="$tmp" GO111MODULE=off GOFLAGS=-p=2
. "$FDG_SRC/tests/supervise/builds.sh"
for build in static stripped; do
	go_build $build "$FDG_SRC/tests/supervise/listens.go" || bad "listens.go does not compile ($build)"
done

finding() { /usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$case/log" "$@"; }
resets() { grep -c '"id":"reuseport\.reset"' "$case/log"; }
others() { grep '"level":"\(warning\|error\)"' "$case/log" | grep -v -c '"id":"reuseport\.reset"'; }
said() { grep -q -s "$1" "$2"; }

# alone CMD…: in a network namespace of its own, where resets are nobody else's
alone() { unshare -n sh -c 'ip link set lo up && exec "$0" "$@"' "$@"; }

# play CASE WAIT OPTIONS PROGRAM HOW…: its queue is seen, it acts, and it is waited for the finding WAIT (-: for a moment)
play() (
	case=$1 wait=$2 options=$3 program=$4
	shift 4
	mkdir "$case" && cd "$case" && mkfifo in || exit
	FDGUARD_OPTIONS="format=json:log=log:cloexec=off:$options" alone timeout 30 "$supervise" "$program" listens "$@" <in >out 2>err &
	exec 9>in
	eventually said ready out
	echo >&9
	eventually said '^reset ' out
	[ "$wait" = - ] || eventually said "$wait" log
	sleep 0.5 # some looks: it is told of once, or not at all
	cp log before-end
	exec 9>&-
	wait $!
)

same "the kernel gives nothing to other listeners by itself" 0 "$(alone sysctl -n net.ipv4.tcp_migrate_req)"
for how in close dup2 shutdown exit kill exec lent try crowded; do
	play $how reuseport.reset '' "$FDG_BIN/listens" $how &
done
play six reuseport.reset '' "$FDG_BIN/listens" close 6 &
play text reuseport.reset format=text:level=warning "$FDG_BIN/listens" close &
play go reuseport.reset '' "$tmp/static" close &
play go-stripped reuseport.reset '' "$tmp/stripped" close &
wait
play full run.uncovered '' "$FDG_BIN/listens" full &
play udp reuseport.resize '' "$FDG_BIN/listens" udp &
for how in drain serve answer linger give-up all held udp-steered; do
	play $how - '' "$FDG_BIN/listens" $how &
done
play off - reuseport=off "$FDG_BIN/listens" close &
play go-drain - '' "$tmp/stripped" drain &
LD_PRELOAD=$FDG_LIB play preloaded reuseport.reset '' "$FDG_BIN/listens-dynamic" close &
wait

# lost CASE WORDS: what was reset is told; where others open and close many connections meanwhile, the kernel misses some when it lists them
lost() {
	case=$1
	of=$(sed -n 's/^reset \([0-9]*\)$/\1/p' "$case/out")
	check "$1: something was reset" [ "${of:-0}" -gt 0 ]
	check "$1: told, with its queue" finding reuseport.reset action=reported level=error "queued=$of" 'local=*:*' tcp_migrate_req=0 "message=listens $2, with $of connection* gone, and the kernel has sent *"
	count=$(sed -n '/"id":"reuseport.reset"/s/.*,"count":\([0-9]*\),.*/\1/p' "$case/log")
	check "$1: the number is right (${count:-none} of $of)" [ "$((${count:-0} * 2))" -ge "$of" -a "${count:-0}" -le "$of" ]
	same "$1: once, and nothing else" '1 0' "$(resets) $(others)"
}

for how in close dup2 six try crowded; do
	lost $how 'closed fd [0-9]*, a SO_REUSEPORT listener on *'
	check "$how: which, and where it was made" finding reuseport.reset 'fd=[0-9]*' siblings=3 'created.0.symbol=main*'
	check "$how: the group's size is told of" finding reuseport.resize level=note members_before=4 members=3
done
lost shutdown 'shut down fd [0-9]*, a SO_REUSEPORT listener on *'
refuse "shutdown: the socket is there still" finding reuseport.resize
lost lent 'made, and whoever had it last closed, a SO_REUSEPORT listener on *'
for how in exit kill; do
	lost $how 'ended, and with it 2 SO_REUSEPORT listeners on *'
	check "$how: of the worker's" finding reuseport.reset listeners=2 siblings=2 'created.0.symbol=make_worker+*'
done
case=exec
check "exec: told" finding reuseport.reset 'message=listens executed another program, and closed 2 SO_REUSEPORT listeners on *' siblings=2
same "exec: once, and nothing else" '1 0' "$(resets) $(others)"
check "text: a sentence, and what to do" grep -q 'listens closed fd [0-9]*, a SO_REUSEPORT listener on 127.*\[reuseport.reset\]$' text/log
check "text: no repair is promised" grep -q '^  fix: set net.ipv4.tcp_migrate_req=1 where the service runs; or leave' text/log

line=$(grep -n 'syscall.SetsockoptInt' "$FDG_SRC/tests/supervise/listens.go" | cut -d: -f1)
for case in go go-stripped; do
	check "$case: told, with Go's line" finding reuseport.reset 'message=*closed fd [0-9]*, a SO_REUSEPORT listener on *' siblings=1 "created.0.symbol=main.control.func1+*" "created.0.file=*/listens.go" "created.0.line=$line"
	same "$case: once" 1 "$(resets)"
done

for case in drain serve answer linger give-up all off go-drain; do
	same "$case: nothing is lost, and nothing said" '0 0' "$(resets) $(others)"
done
case=udp
check "udp: the group's size is told of" finding reuseport.resize level=note 'message=the group of SO_REUSEPORT UDP sockets on * went from 4 to 3 members, as listens closed fd *'
same "udp: and nothing else" '0 0' "$(resets) $(others)"
case=udp-steered
refuse "udp: not where the program chooses itself" finding reuseport.resize
case=full
check "full: that there is no room for more is told of" finding run.uncovered "message=1024 SO_REUSEPORT listeners are open at a time*"
same "full: once" 1 "$(grep -c '"id":"run.uncovered"' full/log)"
refuse "crowded: sockets that do not listen take nobody's place" said run.uncovered crowded/log
case=off
refuse "off: nothing at all" finding reuseport.resize
refuse "held: a child has it, and it listens still" said reuseport.reset held/before-end
case=preloaded
same "in a program with the preload it is the preload that tells" 1 "$(resets)"
check "(which knows where it was closed)" finding reuseport.reset 'site.0.symbol=act+*'

finish
