#!/bin/sh
# SPDX-License-Identifier: MIT
# getaddrinfo, getnameinfo and gethostby*: a program gets the same answers, errors and order through the preload as from libc.
# shellcheck source=tests/lookups/inside.sh
. "$FDG_SRC/tests/lookups/inside.sh"
own_etc
sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0 2>/dev/null

ours=0
# alike GROUP [BEFORE…]: a group of questions. Numbers are libc's to answer; the others are ours.
alike() {
	group=$1
	shift
	"$FDG_BIN/lookups-asked" "$group" >bare 2>said || bad "$group, bare"
	fresh
	"$@" env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log" "$FDG_BIN/lookups-asked" "$group" >ours 2>said || bad "$group, guarded"
	"$FDG_BIN/lookups-agree" bare ours >agree
	status=$?
	same "$group${1:+, in a filter}: $(tail -n 1 agree)" 0 "$status"
	[ "$status" -eq 0 ] || sed 's/^/# /' agree | head -n 20
	number=$(counted lookups)
	ours=$((ours + ${number:-0}))
}

alike answers
alike numbers
alike services
alike hosts
alike search
alike options
alike reverse
alike addresses
alike large
alike odd
alike addrconfig
alike silence
# In a filter from outside, which kills for calls that libc's lookups do without.
alike answers "$FDG_BIN/lookups-filtered"
alike hosts "$FDG_BIN/lookups-filtered"
alike search "$FDG_BIN/lookups-filtered"
alike reverse "$FDG_BIN/lookups-filtered"
"$FDG_BIN/lookups-asked" answers >bare 2>said
LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=log=none "$FDG_BIN/lookups-filtered" --silent "$FDG_BIN/lookups-asked" answers >ours 2>said
same 'in one that kills for what a log needs, too' 0 $?
check '... the same' "$FDG_BIN/lookups-agree" bare ours
check "$ours of the answers were ours" test "$ours" -ge 4000
fresh
guarded resolver=off "$FDG_BIN/lookups-asked" addresses >/dev/null 2>&1
same 'resolver=off: none is ours' '' "$(counted lookups)"
finish
