# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# nonblock.stall: a thread that has an event loop, and waited for 200 ms in a call on a descriptor that is in an interest list, or in a connect. Silent: whoever has no
# loop, or waits on what is in no list, or need not wait. No check asks how long anything took, but that what waits for 200 ms took 100.
. "$FDG_SRC/tests/guards/rules.sh"
cases=$FDG_SRC/tests/cases
# shellcheck disable=SC2317 # check calls it
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }
stalls() { findings '"id":"nonblock\.stall"' | wc -l; }

for way in read recv number write accept connect turned turned-by-ioctl turned-by-copy; do
	case $way in
	turned*) call=read out='read 1' ;;
	number) call=read out='read 1' ;;
	write) call=write out='write 1048576' ;;
	accept) call='accept*' out='accept one' ;;
	connect) call=connect out='connect 0' ;;
	*) call=$way out="$way 1" ;;
	esac
	made=make_pair
	case $way in accept) made=listen_at ;; connect) made=in_connect ;; esac
	same "bare: $way" "$out" "$(timeout 20 nonblock-stall $way 2>&1)"
	for nonblock in report fix off; do
		fresh
		want=$out
		case $nonblock,$way in
		fix,turned-by-copy) want='read -1' ;; # the loop's descriptor stays non-blocking
		esac
		same "$nonblock: $way" "$want" "$(guarded nonblock=$nonblock nonblock-stall $way 2>&1)"
		check "$nonblock: $way: covered" covered
		if [ "$nonblock" = off ] || [ "$want" != "$out" ]; then
			same "$nonblock: $way: no stall" 0 "$(stalls)"
			continue
		fi
		same "$nonblock: $way: once" 1 "$(stalls)"
		check "$nonblock: $way: the call, where, and who made it" finding nonblock.stall level=warning action=reported "call=$call" 'kind=UNIX socket' \
			"site.0.symbol=wait_in_*" 'site.0.object=*/nonblock-stall' "created.0.symbol=$made+*" 'age_ms=[1-9][0-9][0-9]*'
		[ $way = connect ] || check "$nonblock: $way: what waited with it" finding nonblock.stall waiting=1 'epoll=[3-9]'
	done
done

rule_modes='nonblock=report nonblock=fix'
for way in pool other-loop ready no-loop other-thread not-listed taken-out loop-is-over child number-again; do
	rule "right: $way" 'read 1' nonblock-stall $way
done
rule "right: nonblocking" 'read -1' nonblock-stall nonblocking
rule "right: connect in a pool" 'connect 0' nonblock-stall pool-connect
rule "right: connecting" 'connect -1' nonblock-stall connecting

env LD_PRELOAD="$FDG_LIB" nonblock-stall read >out 2>text
same "text: the program's output is its own" 'read 1' "$(cat out)"
check "text: a sentence" grep -q '^fdguard: warning: read on fd [0-9]* (UNIX socket) kept a thread that has an event loop for [0-9]* ms; no other thread waits for the 1 other of epoll [0-9]* \[nonblock\.stall\]$' text
check "text: where" grep -q '^ *called at wait_in_read+0x' text

finish
