# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A server whose connections come and go, and of which one in twenty is forgotten and ended by closewait=fix, needs no more memory, mappings or descriptors after a minute than when it
# was warm. FDG_SOAK_SECONDS: for longer.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
seconds=${FDG_SOAK_SECONDS:-60}

# of WHEN WHAT
of() { sed -n "s/^$1 .*\<$2 \([0-9]*\).*/\1/p" out; }
# shellcheck disable=SC2317 # check calls it
grew_at_most() { [ "$(of end "$1")" -le $(($(of warm "$1") + $2)) ] || { cat out; return 1; }; }

check "it goes on to its end" timeout $((seconds + 60)) env LD_PRELOAD="$FDG_LIB" \
	FDGUARD_OPTIONS="format=json:log=$tmp/log:closewait=fix:closewait.age=500ms:keepalive=on" soak-churn "$seconds" 100 >out
sed 's/^/# /' out
check "connections were made, forgotten and ended all the time" [ "$(of end ended)" -gt $((2 * $(of warm ended))) ]
check "memory is flat" grew_at_most kib 512
check "mappings are" grew_at_most maps 4
check "descriptors are" grew_at_most highest 64
check "few findings" [ "$(grep -c '"id":"closewait.leak"' log)" -le 60 ]
refuse "… and no other" sh -c "grep -v closewait.leak log | grep -q -e \"level\":\"warning -e \"level\":\"error"
finish
