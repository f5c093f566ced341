# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The twins: what nonblock-wrong does to the mode of a shared description is reported in both directions, by F_SETFL and FIONBIO, on sockets, pipes and terminals; with
# fix each descriptor has the mode that the program gave it; nonblock-right is silent in every mode.
. "$FDG_SRC/tests/guards/rules.sh"

finding() { /usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$tmp/log" "$@"; }
shared() { findings '"id":"nonblock\.shared"' | grep -c '"level":"warning"'; }

# twin MODE WANT WAY KIND CALL: runs it, and compares what it prints
twin() {
	fresh
	mode=$1 want=$2 way=$3 kind=$4 call=$5
	if [ "$mode" = bare ]; then
		got=$(timeout 60 nonblock-wrong "$way" "$kind" "$call" 2>&1)
	else
		got=$(guarded "nonblock=$mode" nonblock-wrong "$way" "$kind" "$call" 2>&1)
	fi
	same "$mode: $way $kind $call" "$want" "$got"
}

# told ACTION CONDITION…: one finding, with the twin's call and the code that made the change
told() {
	action=$1
	shift
	name=${call#number}
	case $name in
	'') name=F_SETFL ;;
	ioctl | odd) name=FIONBIO ;;
	esac
	check "$mode: $way $kind $call: told" finding nonblock.shared level=warning guard=nonblock "action=$action" "call=$name" 'site.0.symbol=set_nonblocking+*' \
		'site.0.object=*/nonblock-wrong' 'fix=*' "$@"
	same "$mode: $way $kind $call: once" 1 "$(shared)"
}

#
# In one process
#
for kind in socket pipe tty; do
	for call in F_SETFL FIONBIO number numberioctl; do
		case $kind in
		socket) what='UNIX socket' ;;
		pipe) what=pipe ;;
		tty) what='*terminal*' ;;
		esac
		twin bare 'copy 0 waits, other 0 waits' blocks "$kind" "$call"
		twin report 'copy 0 waits, other 0 waits' blocks "$kind" "$call"
		told reported fd=5 other_fd=3 mode=blocking "kind=$what" 'created.0.symbol=ends_open+*'
		twin fix 'copy 0 waits, other 1 EAGAIN' blocks "$kind" "$call"
		told fixed fd=5 other_fd=3 mode=blocking "kind=$what" 'created.0.symbol=ends_open+*'
		twin off 'copy 0 waits, other 0 waits' blocks "$kind" "$call"
		check "off: blocks $kind $call: nothing is said" quiet
	done
	call=FIONBIO
	[ "$kind" = pipe ] || call=F_SETFL
	twin bare 'copy 1 EAGAIN, other 1 EAGAIN' wakes "$kind" "$call"
	twin report 'copy 1 EAGAIN, other 1 EAGAIN' wakes "$kind" "$call"
	told reported fd=5 other_fd=3 mode=non-blocking 'created.0.symbol=ends_open+*'
	twin fix 'copy 1 EAGAIN, other 0 waits' wakes "$kind" "$call"
	told fixed fd=5 other_fd=3 mode=non-blocking 'created.0.symbol=ends_open+*'
done

# The kernel takes 32 bits of the request, and any value but 0.
call=odd
twin fix 'copy 0 waits, other 1 EAGAIN' blocks socket odd
told fixed fd=5 other_fd=3 mode=blocking
twin fix 'copy 1 EAGAIN, other 0 waits' wakes socket odd
told fixed fd=5 other_fd=3 mode=non-blocking

# An interest list is evidence enough.
twin bare 'copy 0 waits, other 0 waits' listed socket F_SETFL
twin report 'copy 0 waits, other 0 waits' listed socket F_SETFL
told reported fd=3 other_fd=5 mode=blocking
twin fix 'copy 0 waits, other 1 EAGAIN' listed socket F_SETFL
told fixed fd=3 other_fd=5 mode=blocking

#
# A copy that came by SCM_RIGHTS, and one that is a stream: libc reads that inside, and nobody can wait for it
#
twin bare 'copy 0 waits, other 0 waits' passed socket F_SETFL
twin report 'copy 0 waits, other 0 waits' passed socket F_SETFL
told reported fd=7 other_fd=3 mode=blocking
twin fix 'copy 0 waits, other 1 EAGAIN' passed socket F_SETFL
told fixed fd=7 other_fd=3 mode=blocking
for way in stream streamed zero; do
	twin bare 'copy 0 waits, other 0 waits' "$way" socket F_SETFL
	twin report 'copy 0 waits, other 0 waits' "$way" socket F_SETFL
	told reported mode=blocking
	twin fix 'copy 0 waits, other 0 waits' "$way" socket F_SETFL
	check "fix: $way: told, and not called fixed" finding nonblock.shared level=warning action=reported mode=blocking
done

#
# Programs that are started have what they get as was asked for, by whatever way they get it
#
for mode in bare report fix; do
	twin "$mode" 'input 0, input 0, copy 0 waits, other 0 waits' starts socket F_SETFL
	[ "$mode" = bare ] || told reported mode=blocking
	twin "$mode" 'input 0, copy 0 waits, other 0 waits' given socket F_SETFL
	[ "$mode" = bare ] || told reported mode=blocking
	for way in spawned vforked; do
		twin "$mode" 'input 0, copy 0 waits, other 0 waits' $way socket F_SETFL
		[ "$mode" = bare ] || told reported mode=blocking
	done
done

#
# Between processes
#
for call in F_SETFL FIONBIO; do
	twin bare 'other 1 EAGAIN' used pipe "$call"
	twin report 'other 1 EAGAIN' used pipe "$call"
	told reported fd=3 other_fd=3 mode=non-blocking
	twin fix 'other 0 waits' used pipe "$call"
	told fixed fd=3 other_fd=3 mode=non-blocking
	twin bare 'other 0 waits' leaves socket "$call"
	twin report 'other 0 waits' leaves socket "$call"
	told reported fd=3 other_fd=3 mode=blocking 'message=*(process *'
	twin fix 'other 1 EAGAIN' leaves socket "$call"
	check "fix: leaves: nothing came of it" quiet
	twin bare 'other 0 waits' child socket "$call"
	twin report 'other 0 waits' child socket "$call"
	told reported fd=3 other_fd=3 mode=blocking 'message=*(process *'
	twin fix 'other 1 EAGAIN' child socket "$call"
	told fixed fd=3 other_fd=3 mode=blocking
	twin bare 'other 0 waits' parent socket "$call"
	for mode in report fix; do
		twin "$mode" 'other 0 waits' parent socket "$call"
		check "$mode: parent: its child only inherited it, and does not use it" quiet
	done
	for mode in bare report fix; do
		twin "$mode" 'mine 1' program socket "$call"
		[ "$mode" = bare ] || told reported fd=3 other_fd=0 mode=non-blocking
	done
done

#
# As text
#
env LD_PRELOAD="$FDG_LIB" nonblock-wrong blocks >out 2>text
same "text: the program's output is its own" 'copy 0 waits, other 0 waits' "$(cat out)"
for word in '^fdguard: warning: nonblock-wrong turned fd 5 .*blocking by F_SETFL.* fd 3.*\[nonblock\.shared\]$' '^ *changed at set_nonblocking+0x' '^ *made at ends_open+0x' '^ *fix: .*poll'; do
	check "text: $word" grep -q -e "$word" text
done

#
# Done right
#
rule_modes='nonblock=report:cloexec=off nonblock=fix:cloexec=off'
rule "right: all" '1 EAGAIN 1 EAGAIN 1 EAGAIN 1 EAGAIN' nonblock-right all socket FIONBIO
rule "right: all" '1 EAGAIN 1 EAGAIN 1 EAGAIN 1 EAGAIN' nonblock-right all tty
rule "right: restore" 'EAGAIN 0 waits 0 waits' nonblock-right restore socket
rule "right: restore" 'EAGAIN 0 waits 0 waits' nonblock-right restore pipe FIONBIO
rule "right: same" 'waits EAGAIN EAGAIN' nonblock-right same
rule "right: own" 'EAGAIN waits' nonblock-right own
rule "right: closed" 'waits' nonblock-right closed pipe
rule "right: reused" 'waits EAGAIN' nonblock-right reused
rule "right: connection" 8 nonblock-right connection
rule "right: inetd" 24 nonblock-right inetd socket FIONBIO
rule "right: over" 'EAGAIN' nonblock-right over
rule "right: handed" 'status 0' nonblock-right handed
rule "right: leaked" 'EAGAIN' nonblock-right leaked pipe
rule "right: lent" 'waits' nonblock-right lent
rule "right: twice" 'EAGAIN' nonblock-right twice
rule "right: idle" 'idle' nonblock-right idle
rule_modes='nonblock=report:cloexec=off'
rule "right: prefork" 'listener 1' nonblock-right prefork
guarded_rule nonblock=fix:cloexec=off "right: prefork: the parent never asked for it" 'listener 0' nonblock-right prefork

finish
