# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A relative that only reads and writes is told of what was done to its description by another process, at the call that suffers from it; with fix, calls wait or fail as the
# program asked. Nothing is said where nobody suffers.
. "$FDG_SRC/tests/guards/rules.sh"

finding() { /usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$tmp/log" "$@"; }
shared() { findings '"id":"nonblock\.shared"' | grep -c '"level":"warning"'; }

# run MODE WANT WAY WHO MODE…: what it prints
run() {
	fresh
	mode=$1 want=$2
	shift 2
	if [ "$mode" = bare ]; then
		same "bare: $*" "$want" "$(timeout 60 nonblock-relative "$@" 2>&1)"
	else
		same "$mode: $*" "$want" "$(guarded "nonblock=$mode:cloexec=off" nonblock-relative "$@" 2>&1)"
	fi
}

# told ACTION FUNCTION CONDITION…: once, with both processes, the code that made the change, and the code that made what suffers
told() {
	action=$1 made=$2
	shift 2
	check "$mode: told" finding nonblock.shared level=warning "action=$action" 'site.0.symbol=set_nonblocking+*' 'site.0.object=*/nonblock-relative' \
		"created.0.symbol=$made+*" 'message=*(process *' "$@"
	same "$mode: once" 1 "$(shared)"
}

# wrong FIX WAY WHO MODE…: FIX is how it goes with fix, and what is said then
wrong() {
	fixed=$1 by_fix=$2 made=ends_open
	shift 2
	case $3 in
	blocks) bare='waits 0' to=blocking ;;
	*) bare='EAGAIN 1' to=non-blocking ;;
	esac
	case $1 in
	copy) made=prepared ;;
	sent) made=take_over ;;
	esac
	run bare "$bare" "$@"
	run report "$bare" "$@"
	told reported "$made" "mode=$to"
	run fix "$fixed" "$@"
	if [ "$by_fix" = silent ]; then
		check "fix: nothing is said" quiet
	else
		told "$by_fix" "$made" "mode=$to"
	fi
}

for data in read write recv readv number; do
	wrong 'EAGAIN 1' fixed used parent blocks "$data"
	wrong 'waits 0' reported used child blocks "$data" # a child that only inherited the mode may count on either
	wrong 'waits 0' fixed used parent wakes "$data"
	wrong 'waits 0' fixed used child wakes "$data"
done
for kind in pipe tty; do
	wrong 'EAGAIN 1' fixed used parent blocks read "$kind" FIONBIO
	wrong 'waits 0' fixed used child wakes read "$kind" FIONBIO
done
wrong 'waits 0' fixed used parent wakes write pipe

wrong 'waits 0' fixed asked child wakes
wrong 'EAGAIN 1' reported copy child wakes # nobody asked for its mode
wrong 'EAGAIN 1' silent ended parent blocks
wrong 'waits 0' fixed ended parent wakes
wrong 'EAGAIN 1' fixed crowded parent blocks
wrong 'waits 0' fixed crowded child wakes
for who in parent child; do
	for way in sent fetched; do
		wrong 'waits 0' reported $way $who blocks
		wrong 'waits 0' fixed $way $who wakes
		wrong 'waits 0' fixed $way $who wakes read pipe
	done
done
wrong 'waits 0' reported left parent blocks
wrong 'waits 0' fixed left parent wakes

#
# Done right
#
rule_modes='nonblock=report:cloexec=off nonblock=fix:cloexec=off'
for who in parent child; do
	rule "back $who" 'EAGAIN 1' nonblock-relative back $who blocks
	rule "back $who" 'waits 0' nonblock-relative back $who wakes
	rule "same $who" 'waits 0' nonblock-relative same $who blocks
	rule "same $who" 'EAGAIN 1' nonblock-relative same $who wakes
	rule "closed $who" 'EAGAIN 1' nonblock-relative closed $who blocks
	rule "closed $who" 'waits 0' nonblock-relative closed $who wakes
	rule "own $who" 'EAGAIN 1' nonblock-relative own $who blocks
	rule "own $who" 'waits 0' nonblock-relative own $who wakes
	rule "kept $who" 'EAGAIN 1' nonblock-relative kept $who blocks
	rule "kept $who" 'waits 0' nonblock-relative kept $who wakes
done
rule "copy" 'waits 0' nonblock-relative copy child blocks # the same
rule_modes='nonblock=report:cloexec=off'
for who in parent child; do
	rule "ready $who" 'moved 0' nonblock-relative ready $who blocks
	rule "ready $who" 'moved 1' nonblock-relative ready $who wakes
	rule "flags $who" 'waits 0' nonblock-relative flags $who blocks
	rule "flags $who" 'EAGAIN 1' nonblock-relative flags $who wakes
done

finish
