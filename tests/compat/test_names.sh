#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # queries comes from tests/resolver/serving.sh
# Lookups beside other preloads, in both orders: the answers are the same, run.end says whose they were, and nobody is asked for a name that the other one knows.
# shellcheck source=tests/lookups/inside.sh
. "$FDG_SRC/tests/lookups/inside.sh"
own_names
known="$FDG_BIN/../lib/libcompat-names_known.so"

# library NAME: of the loader's folders.
library() {
	for file in /usr/lib/*-linux-gnu/"$1"; do [ -e "$file" ] && echo "$file"; done
}
jemalloc=$(library 'libjemalloc.so.2')
faketime=$(library 'faketime/libfaketime.so.1')
eatmydata=$(library 'libeatmydata.so')
wrapper=$(library 'libsocket_wrapper.so')
nss_wrapper=$(library 'libnss_wrapper.so')
proxychains=$(library 'libproxychains.so.4')
# names PRELOADS OPTIONS NAME…
names() {
	preloads=$1 options=$2
	shift 2
	env LD_PRELOAD="$preloads" FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$FDG_BIN/compat-names" "$@" 2>&1
}
# whose: the lookups of the last program were.
whose() {
	ours=$(counted lookups) libcs=$(counted lookups_by_libc)
	echo "${ours:-0} ours, ${libcs:-0} libc's"
}

serve --port 53
same 'a preload that knows a name' 'known.test: 0 203.0.113.7, 0 203.0.113.7' "$(names "$known" '' known.test)"
for order in "$known $FDG_LIB" "$FDG_LIB $known"; do
	same "it knows it ($(basename "${order%% *}") first)" 'known.test: 0 203.0.113.7, 0 203.0.113.7' "$(names "$order" '' known.test)"
done
echo '203.0.113.7 known.test' >known-hosts
export NSS_WRAPPER_HOSTS="$tmp/known-hosts" PROXYCHAINS_CONF_FILE="$tmp/proxychains.conf" PROXYCHAINS_QUIET_MODE=1
printf 'strict_chain\nproxy_dns\n[ProxyList]\nsocks5 127.0.0.1 9\n' >proxychains.conf
for other in "$nss_wrapper" "$proxychains"; do
	check "there is ${other:-one more}" test -e "$other"
	bare=$(names "$other" '' known.test)
	same "$(basename "$other") knows it" 2 "$(echo "$bare" | grep -o ' 0 2[0-9.]*' | wc -l)"
	for order in "$other $FDG_LIB" "$FDG_LIB $other"; do
		same "... and does beside us ($(basename "${order%% *}") first)" "$bare" "$(names "$order" '' known.test)"
	done
done
served
same '... and no server was asked' 0 "$queries"

serve --port 53
set -- ok.test nx.test here known.test
bare=$(names "$known" '' "$@")
same 'the others are asked' 2 "$(echo "$bare" | grep -c ': 0 .*0 1[09]')"
fresh
same 'before us: the same answers' "$bare" "$(names "$known $FDG_LIB" '' "$@")"
same '... ours, but for what it knows' "6 ours, 0 libc's" "$(whose)"
fresh
same 'behind us: the same answers' "$bare" "$(names "$FDG_LIB $known" '' "$@")"
same '... all by it' "0 ours, 8 libc's" "$(whose)"

mkdir sockets
export SOCKET_WRAPPER_DIR="$tmp/sockets" SOCKET_WRAPPER_DEFAULT_IFACE=10 FAKETIME='2001-02-03 04:05:06'
bare=$(names '' '' "$@")
for other in "$jemalloc" "$faketime" "$eatmydata" "$wrapper"; do
	check "there is ${other:-one more}" test -e "$other"
	for order in "$other $FDG_LIB" "$FDG_LIB $other"; do
		fresh
		same "$(basename "$other"), $(basename "${order%% *}") first" "$bare" "$(names "$order" '' "$@")"
		same '... and all are ours' "8 ours, 0 libc's" "$(whose)"
	done
done
served

# libfaketime has a poll that waits ten times as long, and a clock that is a thousand times as fast.
serve --port 53
fresh
FAKETIME='+0 x0.1' names "$FDG_LIB $faketime" '' silent.test >/dev/null
served
same 'its poll is not what lookups wait by: what is not answered is sent again' 6 "$queries"
serve --port 53
fresh
FAKETIME='+0 x1000' names "$FDG_LIB $faketime" resolver=off silent.test >/dev/null
check 'its clock is not what they are told by' found 'silent.test failed after [0-9.]*m\?s:'
served
finish
