#!/bin/sh
# SPDX-License-Identifier: MIT
# getaddrinfo_a and its kin: what libc's do, bare and guarded; then what libc's cannot.
# shellcheck source=tests/lookups/inside.sh
. "$FDG_SRC/tests/lookups/inside.sh"
own_etc
serve --port 53 --delay 50

# A program for each group of parts, all at a time: they wait for a server that says nothing. `alone`: those that libc does not outlive, or that have findings.
groups='early,wait,nowait,never suspend signals events fork left cancelled'
alone='cancel fork-again leaps leaps-wait leaps-list stopped closed few loop often'
processes=
# start OUTPUT PARTS [VARIABLE…]
start() {
	output=$1 parts=$(echo "$2" | tr , ' ')
	shift 2
	# shellcheck disable=SC2086 # words
	env "$@" timeout 30 "$FDG_BIN/lookups-requests" $parts >"$output" 2>&1 &
	processes="$processes $!"
}
for group in $groups; do
	start "bare.$group" "$group"
	start "guarded.$group" "$group" LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log"
done
for part in $alone; do start "$part" "$part" LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log.$part"; done
start off early,wait,nowait,never LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log.off:resolver=off"
for process in $processes; do wait "$process" || bad "a process ended with $?"; done

for group in $groups; do
	if cmp -s "bare.$group" "guarded.$group" && [ -s "bare.$group" ]; then ok "$group"; else
		bad "$group"
		diff "bare.$group" "guarded.$group" | cut -c1-200 | sed 's/^/# /'
	fi
done
check 'nothing to report' quiet
check 'but a note of what got no answer' found '"id":"resolver.fail".*getaddrinfo_a of silent.test.*"object":"[^"]*lookups-requests"'

mv log.off log
check 'resolver=off: as libc' cmp -s bare.early,wait,nowait,never off
same '... and none is ours' '' "$(counted lookups)"
mv log.loop log
check 'a loop that waited' found '"id":"nonblock.stall".*getaddrinfo_a of silent.test.*"symbol":"part_loop'
same 'all were ours, but a number' '2 ' "$(counted lookups) $(counted lookups_by_libc)"

mv log.often log
same 'equal names have equal fates, and libc is not asked as well' '50 have no answer 51 ' "$(tail -n 1 often) $(counted lookups) $(counted lookups_by_libc)"

same 'a request that is under way is cancelled' 'start: ok, errno untouched cancel: one of two as it said again: ALLDONE ' "$(grep -v '^[# ]' cancel | tr '\n' ' ')"
check 'and the other one is answered' grep -q 'ok.test.*192\.0\.2\.1' cancel
same 'a child asks anew' 2 "$(sed -n '/^start/,/^the parent/p' fork-again | grep -c 'ok.test.*192\.0\.2\.1')"
same "its parent's requests are over for it" "the parent's: ALLDONE" "$(grep parent fork-again)"
same "a thread that is cancelled in gethostbyname_r, and a handler that leaves gethostbyname, which libc's does not outlive" '3 cancelled, 3 then, 0 came back' \
	"$(grep -c 'cancelled: yes' leaps) cancelled, $(grep -c 'then: ok.test' leaps) then, $(grep -c 'came back' leaps) came back"
same 'a handler that leaves GAI_WAIT for good' '3 answered, 0 came back' "$(grep -c 'ok.test.*192\.0\.2\.1' leaps-wait) answered, $(grep -c back leaps-wait) came back"
same '... and a list, of which nothing stays' '5 cancelled, 0 descriptors more, 2 answered' \
	"$(grep -c '^CANCELED CANCELED CANCELED' leaps-list) cancelled, $(grep more leaps-list), $(grep -c 'ok.test.*192\.0\.2\.1\|silent.test' leaps-list) answered"
mv log.stopped log
same 'what a stopped process did not wait is not put to a server' 2 "$(findings 'silent.test failed after [0-9.]*s, but waited for servers for no more than .* of that' | wc -l)"
for part in closed few; do
	same "descriptors are short: $part" 'silent.test -: AGAIN' "$(sed -n 's/^  \(silent.*\)/\1/p' "$part")"
	check "... and the other is answered" grep -q 'ok.test.*192\.0\.2\.1' "$part"
done
served

serve --port 53 --loss 2
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:3\n' >/etc/resolv.conf
check '100,000 requests by four threads' guarded '' timeout 60 "$FDG_BIN/lookups-swarm" 100000 4
check '5,000 requests by 32 threads' guarded '' timeout 60 "$FDG_BIN/lookups-swarm" 5000 32
served
serve --port 53
check 'a filter from outside kills for calls that libc does without: 2,000 requests' guarded '' timeout 60 "$FDG_BIN/lookups-filtered" "$FDG_BIN/lookups-swarm" 2000 4
same '... and none is asked of libc' '' "$(counted lookups_by_libc)"
printf 'hosts: nosuchmodule files dns\nservices: files\n' >/etc/nsswitch.conf
fresh
check 'nsswitch names what only libc knows: 4,000 requests' guarded '' timeout 60 "$FDG_BIN/lookups-swarm" 4000 4
check '... are all asked of libc' test "$(counted lookups_by_libc)" -ge 3000
served
finish
