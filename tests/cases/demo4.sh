# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of case 4. Exits 0 if everything that it says was so.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/event_loop.sh
. "$FDG_SRC/tests/cases/event_loop.sh"
# shellcheck source=tests/cases/show.sh
. "$FDG_SRC/tests/cases/show.sh"

mkdir bin
ln -s "$FDG_RUN" bin/fdguard
ln -s "$FDG_BIN/event-loop" bin/event-loop
export PATH="$tmp/bin:$PATH" HOME="$tmp" LC_ALL=C
causes='udp pipe full-pipe paused recverr timestamps hangup dup child'

label() {
	case $1 in
	udp) echo 'connected UDP socket, port unreachable' ;;
	pipe) echo 'pipe whose writer left' ;;
	full-pipe) echo 'full pipe whose reader left' ;;
	paused) echo 'paused connection (events = 0), reset' ;;
	recverr) echo 'IP_RECVERR, and the error queue' ;;
	timestamps) echo 'SO_TIMESTAMPING, and the error queue' ;;
	hangup) echo 'terminal whose shell exited' ;;
	dup) echo 'closed connection, of which a copy lives' ;;
	child) echo 'closed connection that a child inherited' ;;
	esac
}

# shown NAME SECONDS PREFIX…: the loop with the UDP socket for as long, what top says of it a second before it ends, and what it says itself.
# What fdguard says goes to NAME.said.
shown() {
	name=$1 seconds=$2
	shift 2
	"$@" event-loop udp old 0 "$seconds" >"$name.all" 2>"$name.said" </dev/null &
	program=$!
	sleep $((seconds - 2))
	top -b -d 1 -n 2 -p "$program" 2>/dev/null | grep -A 1 '^ *PID' | tail -n 2 | sed 's/ *$//' >"$name.top"
	wait "$program"
	grep -v '^measured: ' "$name.all" >"$name.out"
	grep '^measured: ' "$name.all" >"$name.measured"
	cat "$name.top" "$name.out" >"$name.shown"
	quoted "$name.shown"
	echo
}

# of_a_core NAME: what it would have had if nobody else had been there.
of_a_core() { awk -v busy="$(measured "$1" busy)" 'BEGIN { print (busy < 100 ? busy : 100) " %" }'; }

# outcome NAME: what became of the cause, in fdguard's words.
outcome() { grep -o '\[epoll\.[a-z]*\]' "$1.all" | tr -d '[]' | sort -u | paste -s -d ' ' -; }

printf '%s\n' "${bold}Case 4: memcached at 100 %${plain}" '' \
	'A server in one event loop, after libevent of 2003 (tests/cases/event.c). Its epoll backend:' '' \
	'   if (what & EPOLLIN)   which |= EV_READ;' \
	'   if (what & EPOLLOUT)  which |= EV_WRITE;' \
	'   if (!which)           continue;' '' \
	'The kernel adds EPOLLERR and EPOLLHUP to every registration. All of it runs on this machine.'

heading '1. A UDP socket, and nobody at its port'
command_shown 'event-loop udp old 0 3 & top -p $!'
shown bare 3 env
printf '   %s\n' \
	'The answer is an ICMP error: EPOLLERR alone. Nobody reads the socket, the error stays, and the next' \
	'epoll_wait has it again. The client of the same loop is served all the same, and the slow readers miss' \
	'nothing. In 2003 nobody could reproduce it for three months.'

heading '2. fdguard, which only watches'
command_shown 'fdguard run --observe -- event-loop udp old 0 3 & top -p $!'
shown report 3 fdguard run --observe --
quoted report.said
echo
printf '   %s\n' 'Which descriptor, its peer, what the kernel reports, how often, and which code put it into the loop.'

heading '3. fdguard, which mends it, as it does by default'
command_shown 'fdguard run -- event-loop udp old 0 5 & top -p $!'
shown fix 5 fdguard run --
quoted fix.said
echo
printf '   %s\n' \
	'The first events came as the kernel made them: a loop that handles them is not noticed. When the program' \
	'went back to wait again and again, they were given the bits that it registered for, as select does' \
	'(which was the cure of 2003, in the kernel). It reads, and hears ECONNREFUSED. Its later epoll_ctl calls' \
	'work as ever.'

heading '4. Nine causes'
printf '   %-42s %8s %9s   %s\n' '' bare guarded 'fdguard says'
for cause in $causes; do
	loop_run "bare-$cause" "$cause" old 0 0.8 env &
	case $cause in pipe | paused | timestamps | dup) wait ;; esac # two at a time
done
wait
for cause in $causes; do
	loop_run "fix-$cause" "$cause" old 2.5 1.5 fdguard run --set cloexec=off -- &
done
wait
for cause in $causes; do
	printf '   %-42s %8s %9s   %s\n' "$(label "$cause")" "$(of_a_core "bare-$cause")" "$(measured "fix-$cause" core) %" "$(outcome "fix-$cause")"
	expect "Bare, the loop should turn without end ($cause)." turns_in_vain "bare-$cause"
	expect "The loop that is mended should rest ($cause)." rests "fix-$cause"
	expect "The client should be served ($cause)." grep -q '; 100 of 100 answers; 65536 and 65536 bytes$' "fix-$cause.out"
done
echo
printf '   %s\n' \
	'Of a core. What nobody acts on even so (an error queue, a connection that is registered for nothing)' \
	'wakes it ten times a second and not a million times, so that a program which looks at it later misses' \
	'nothing. What is closed is taken out of the loop. (With close-on-exec forced, the default, the child of' \
	'the last line has no copy at all.)'

expect 'The loop should turn without end.' turns_in_vain bare
expect 'The loop that is watched should turn as well.' turns_in_vain report
expect 'The report should say that the error is ignored.' grep -q 'epoll\.ignored' report.said
expect 'The report should tell of the spin.' grep -q 'epoll\.spin' report.said
expect 'The report should name who registered it.' grep -q 'registered at backend_add+0x' report.said
expect 'The report should name the peer.' grep -q '^ *peer: 127\.0\.0\.1:' report.said
expect 'The loop that is mended should hear of the error.' grep -q '^udp: heard ECONNREFUSED' fix.out
expect 'It should say so.' grep -q '^ *fixed: ' fix.said

shown_as_expected
