#!/bin/sh
# SPDX-License-Identifier: MIT
# getaddrinfo, getnameinfo and gethostby*: a program gets the same answers, errors and order through the preload as from libc.
# shellcheck source=tests/lookups/inside.sh
. "$FDG_SRC/tests/lookups/inside.sh"
own_etc
sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0 2>/dev/null

ours=0
# alike GROUP: a group of questions. Numbers are libc's to answer; the others are ours.
alike() {
	"$FDG_BIN/lookups-asked" "$1" >bare 2>said || bad "$1, bare"
	fresh
	guarded '' "$FDG_BIN/lookups-asked" "$1" >ours 2>said || bad "$1, guarded"
	"$FDG_BIN/lookups-agree" bare ours >agree
	status=$?
	same "$1: $(tail -n 1 agree)" 0 "$status"
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
alike odd
alike addrconfig
alike silence
check "$ours of the answers were ours" test "$ours" -ge 4000
fresh
guarded resolver=off "$FDG_BIN/lookups-asked" addresses >/dev/null 2>&1
same 'resolver=off: none is ours' '' "$(counted lookups)"
finish
