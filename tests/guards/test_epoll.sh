# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Guard epoll: epoll.ignored and epoll.spin. Each way of the twins runs bare and guarded; several at once, since each takes its seconds.
. "$FDG_SRC/tests/guards/rules.sh"
cases=$FDG_SRC/tests/cases
# finding WAY MODE ID [FACT=GLOB…]
# shellcheck disable=SC2317 # check calls it
finding() {
	finding_log=$tmp/log.$1.$2
	shift 2
	/usr/bin/python3 "$cases/finding.py" "$finding_log" "$@"
}
# shellcheck disable=SC2317
lacks() { ! grep -q "\"id\":\"$3\"" "log.$1.$2"; }
# shellcheck disable=SC2317
silent() { grep -q '"id":"run.start"' "log.$1.$2" && ! grep '"level":"\(warning\|error\)"' "log.$1.$2"; }

# all PROGRAM WAY…: bare, and in both modes. On a machine that is as busy a call may take 100 ms without having waited: no nonblock.stall.
all() {
	program=$1 started=0
	shift
	for way; do
		started=$((started + 1))
		[ $((started % 6)) -ne 0 ] || wait
		timeout 60 "$program" "$way" 700 >"out.$way.bare" 2>&1 &
		for mode in report fix; do
			case $mode in report) ms=3000 ;; *) ms=3500 ;; esac
			timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log.$way.$mode:epoll=$mode:nonblock=off:cloexec=off" \
				"$program" "$way" $ms >"out.$way.$mode" 2>&1 &
		done
	done
	wait
}
came() { tr '\n' ' ' <"out.$1.$2"; }
control='MOD 0 told 1 DEL 0 again -1 '

# wrong WAY IN_FIX: bare and in report it spins; with epoll=fix it does what IN_FIX says. The program's own epoll_ctl calls work in any case.
wrong() {
	same "bare: $1 spins" "spins $control" "$(came "$1" bare)"
	same "report: $1 spins" "spins $control" "$(came "$1" report)"
	same "fix: $1: $2" "$2 $control" "$(came "$1" fix)"
	check "report: $1: epoll.spin" finding "$1" report epoll.spin level=error action=reported call=epoll_wait 'rate=[1-9][0-9][0-9][0-9]*' 'epoll=[3-9]' \
		'site.0.object=*/epoll-wrong' 'created.0.object=*/epoll-wrong'
	# A symbol is read from a file, for which this one has no descriptor.
	[ "$1" = emfile ] || check "report: $1: where" finding "$1" report epoll.spin 'site.0.symbol=*+0x*' 'created.0.symbol=*+0x*'
}
# ignored WAY EVENTS KIND: EPOLLERR or EPOLLHUP in the first place.
ignored() {
	check "report: $1: epoll.ignored" finding "$1" report epoll.ignored level=warning action=reported "events=$2" "kind=$3" 'deliveries=[1-9]*' 'registered=*'
}
# translated WAY: … and nothing is left of it.
translated() {
	check "fix: $1: epoll.ignored is fixed" finding "$1" fix epoll.ignored action=fixed
	check "fix: $1: no spin" lacks "$1" fix epoll.spin
}
cured() {
	check "fix: $1: epoll.spin is fixed" finding "$@" action=fixed
}
# left WAY: what the program asked for goes on as ever.
left() {
	check "fix: $1: epoll.spin is reported, and why" finding "$1" fix epoll.spin action=reported 'message=*fdguard does not end it: the program asked for this event*'
}
# asked WAY EVENTS KIND MESSAGE: what was asked for, and is not wanted.
asked() {
	wrong "$1" spins
	check "report: $1: what and why" finding "$1" report epoll.spin "events=$2" "kind=$3" "message=*$4*"
	left "$1"
	check "report: $1: nothing was ignored" lacks "$1" report epoll.ignored
}

all epoll-wrong udp number edge oneshot writer-left reader-left reader-left-fatal paused paused-by-number paused-precisely recverr stamps hangup emfile unread unneeded stays nested pointer threads one-of-three in-inner unconnected

for way in udp number; do
	wrong $way 'read ECONNREFUSED'
	ignored $way EPOLLERR 'UDP socket'
	translated $way
done
check "udp: the peer, and where it was registered" finding udp report epoll.ignored 'peer=127.0.0.1:*' 'site.0.symbol=put+*' 'created.0.symbol=udp*+0x*' registered=EPOLLIN
for way in writer-left pointer threads one-of-three in-inner; do
	wrong $way 'read 0'
	ignored $way EPOLLHUP pipe
	translated $way
done
wrong hangup 'read EIO'
ignored hangup EPOLLHUP 'terminal*'
translated hangup
wrong reader-left 'write EPIPE'
ignored reader-left EPOLLERR pipe
translated reader-left
wrong reader-left-fatal rests
ignored reader-left-fatal EPOLLERR pipe
cured reader-left-fatal fix epoll.spin 'message=*its waits are slowed: at most 10 wake-ups a second*'
for way in paused paused-by-number paused-precisely; do
	wrong $way rests
	ignored $way 'EPOLLERR|EPOLLHUP' 'TCP socket'
done
check "paused: for what it was registered" finding paused report epoll.spin registered=nothing 'message=*makes no call on it*'
cured paused fix epoll.spin 'message=*its waits are slowed: at most 10 wake-ups a second*'
wrong recverr rests
ignored recverr EPOLLERR 'UDP socket'
cured recverr fix epoll.spin 'queue_bytes=[1-9]*' 'last_call=read: EAGAIN' 'message=*its waits are slowed: at most 10 wake-ups a second*'
wrong stamps rests
ignored stamps EPOLLERR 'UDP socket'
check "stamps: how much lies in the queue" finding stamps report epoll.spin 'queue_bytes=[1-9]*'
cured stamps fix epoll.spin 'queue_bytes=[1-9]*' 'message=*its waits are slowed: at most 10 wake-ups a second*'
for way in emfile stays; do
	wrong $way spins
	left $way
	check "report: $way: nothing was ignored" lacks $way report epoll.ignored
done
check "emfile: why" finding emfile report epoll.spin events=EPOLLIN 'kind=TCP socket' 'message=*its accept fails (accept: EMFILE)*'
check "stays: why" finding stays report epoll.spin events=EPOLLIN 'kind=UNIX socket' 'message=*nothing more to come (read: end of file)*'
asked unread EPOLLIN 'UNIX socket' 'makes no call on it'
asked unneeded EPOLLOUT 'UNIX socket' 'makes no call on it'
asked nested EPOLLIN epoll 'makes no call on it'
wrong unconnected rests
check "unconnected: why" finding unconnected report epoll.spin events=EPOLLHUP 'kind=TCP socket' 'message=*it was registered before it is connected*'
check "unconnected: nothing was ignored" lacks unconnected report epoll.ignored
for way in edge oneshot; do
	for mode in bare report; do
		same "$mode: $way: it is forgotten" "rests $control" "$(came $way $mode)"
	done
	same "fix: $way: it is handled" "read ECONNREFUSED $control" "$(came $way fix)"
	check "report: $way: told once" finding $way report epoll.ignored action=reported 'message=*told once of EPOLLERR*'
	check "fix: $way: nothing to say" lacks $way fix epoll.ignored
done

right='handled queue lazy unhurried partial fifo room herd herd-of-one pool shared edges busy stream same hot inner heir executed saved polled selected enclosed raced unseen worker copied reader by-ring early again descendant descendant-of-a-waiter shells-worker worker-of-a-waiter'
# What goes on as ever while waits are slow; and what is not slowed. At the same time as the others.
for way in few edge oneshot interrupted masked cancelled timed gone once acted narrow one-object works sends unseen polls two-sets short-array filtered; do
	timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="log=none:epoll=fix:nonblock=off:cloexec=off" epoll-slow $way >out.slow.$way 2>&1 &
done
# shellcheck disable=SC2086 # a list
all epoll-right $right
for way in $right; do
	refuse "bare: $way works" grep -q 'No such\|Resource\|way$' "out.$way.bare"
	for mode in report fix; do
		same "$mode: $way: as bare" "$(came "$way" bare)" "$(came "$way" $mode)"
		case $way in fifo | room | heir | executed | unhurried | saved | polled | selected | enclosed | raced | unseen | *-of-a-waiter) continue ;; esac
		check "$mode: $way: nothing to report" silent "$way" $mode
	done
done
for way in descendant descendant-of-a-waiter shells-worker worker-of-a-waiter; do
	same "$way: serves all" "$way 3 " "$(came $way fix)"
done
same "worker: serves all" 'worker 3 ' "$(came worker fix)"
same "raced: the program's mask and data count" 'raced 0 wrong ' "$(came raced fix)"
check "raced: they were slow" finding raced fix epoll.spin action=fixed
same "unseen: left alone" 'unseen as it was ' "$(came unseen fix)"
for way in polled selected enclosed; do
	same "$way: told from outside" "$way told " "$(came $way fix)"
done
same "unhurried: all of it" 'unhurried 160 ' "$(came unhurried fix)"
same "saved: told" 'saved told ' "$(came saved fix)"
same "lazy: all of it" 'lazy all ' "$(came lazy fix)"
same "partial: all of it" 'partial 65536, then 0 ' "$(came partial fix)"
for way in copied reader; do
	same "$way: all of it" "$way 65536 " "$(came $way fix)"
done
same "early: a hang-up alone" 'early 10 ' "$(came early fix)"
same "again: a hang-up alone" 'again 10 10 ' "$(came again fix)"
same "room: all of them" 'room 9 ' "$(came room fix)"
check "room: it spun" finding room fix epoll.spin action=reported 'last_call=accept: EMFILE'
for way in heir executed; do
	same "$way: whoever goes on is told" "$way told " "$(came $way fix)"
	check "$way: it was slow" finding $way fix epoll.spin action=fixed 'message=*its waits are slowed: at most 10 wake-ups a second*'
done
same "fifo: all of it" 'fifo 4096 ' "$(came fifo fix)"
check "fifo: it spun before the second writer came, and was slow" finding fifo fix epoll.spin action=fixed 'events=EPOLLHUP' 'last_call=read: end of file'

# slow WAY SAYS
slow() { same "slow: $1" "$2" "$(cat "out.slow.$1")"; }
slow few 'few 200, slow'
slow edge 'edge 200, slow'
slow oneshot 'oneshot 200, slow'
slow interrupted 'interrupted, each told'
slow masked 'masked handled, 0 wrong'
slow cancelled 'cancelled cleanly'
slow timed 'timed 30'
slow gone 'gone, then 1 other'
slow once 'once 2'
slow acted 'acted fast'
slow narrow 'narrow slow'
slow one-object 'one-object 6'
slow works 'works fast'
slow sends 'sends fast'
slow unseen 'unseen 6'
slow polls 'polls fast'
slow two-sets 'two-sets fast'
slow short-array 'short-array 0 wrong, slow'
slow filtered 'filtered, goes on'

# epoll=off: nothing of ours.
timeout 20 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log.off:epoll=off" epoll-wrong writer-left 1500 >off 2>&1
same "off: it spins" "spins $control" "$(tr '\n' ' ' <off)"
refuse "off: no finding" grep -q '"guard":"epoll"' log.off

env LD_PRELOAD="$FDG_LIB" epoll-wrong udp 1500 >out 2>text
same "text: the program's output is its own" "read ECONNREFUSED $control" "$(tr '\n' ' ' <out)"
check "text: a sentence" grep -q '^fdguard: warning: epoll_wait told [0-9,]* times in [0-9]* ms of EPOLLERR on fd [0-9]* (UDP socket to 127\.0\.0\.1:[0-9]*), and epoll-wrong makes no call on it that changes anything; from now on such events have EPOLLIN as well \[epoll\.ignored\]$' text
check "text: where" grep -q '^ *registered at put+0x' text

finish
