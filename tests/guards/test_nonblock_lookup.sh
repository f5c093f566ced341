# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# nonblock.stall: a thread that has an event loop, and waited for 200 ms for a name server. Silent: who has no loop, or gets the answer at once. No check asks how long
# anything took, but that what waits for 200 ms took 100.
. "$FDG_SRC/tests/guards/rules.sh"
cases=$FDG_SRC/tests/cases
# shellcheck disable=SC2317 # check calls it
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }
stalls() { findings '"id":"nonblock\.stall"' | wc -l; }

for call in getaddrinfo gethostbyname gethostbyname_r gethostbyname2 gethostbyname2_r getnameinfo gethostbyaddr gethostbyaddr_r; do
	case $call in
	getnameinfo | gethostbyaddr*) want=found.test asked=192.0.2.1 ;;
	*) want=192.0.2.1 asked=slow.test. ;;
	esac
	same "bare: $call" "$want" "$(timeout 20 nonblock-lookup $call no-loop 2>&1)"
	fresh
	same "report: $call" "$want" "$(guarded nonblock=report nonblock-lookup $call 2>&1)"
	check "$call: covered" covered
	same "$call: once" 1 "$(stalls)"
	check "$call: what, and where" finding nonblock.stall level=warning action=reported call=$call "looked_up=$asked" "site.0.symbol=by_$call+*" \
		'site.0.object=*/nonblock-lookup' 'age_ms=[1-9][0-9][0-9]*'
	refuse "$call: of no descriptor" finding nonblock.stall 'fd=*'
done
fresh
same "off" 192.0.2.1 "$(guarded nonblock=off nonblock-lookup getaddrinfo 2>&1)"
check "off: covered" covered
same "off: no stall" 0 "$(stalls)"
fresh
guarded nonblock=fix nonblock-lookup getaddrinfo long >out 2>&1
check "a long name is cut" finding nonblock.stall 'looked_up=0123*0.0123*0.te…'

rule_modes='nonblock=report'
for how in no-loop other-thread quick pool; do
	rule "right: $how" 192.0.2.1 nonblock-lookup getaddrinfo $how
done

env LD_PRELOAD="$FDG_LIB" nonblock-lookup getaddrinfo >out 2>text
same "text: the program's output is its own" 192.0.2.1 "$(cat out)"
check "text: a sentence" grep -q '^fdguard: warning: getaddrinfo of slow\.test\. kept a thread that has an event loop for [0-9]* ms \[nonblock\.stall\]$' text
check "text: where" grep -q '^ *called at by_getaddrinfo+0x' text
check "text: what to do" grep -q '^ *fix: look names up in a thread' text
finish
