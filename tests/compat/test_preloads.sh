# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Other preloads in both orders: the program works, the peer still does its job, and ours holds.
. "$FDG_SRC/tests/harness/lib.sh"
need gcc
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C TZ=UTC
need compat-peer

# library GLOB…: the first file of that name in the loader's folders.
library() {
	for name in "$@"; do
		for folder in /usr/lib/*-linux-gnu /usr/lib64 /usr/lib /usr/lib/gcc/*-linux-gnu/*; do
			for file in "$folder"/$name; do
				[ -e "$file" ] && { echo "$file"; return; }
			done
		done
	done
}
jemalloc=$(library 'libjemalloc.so.2')
asan=$(library 'libasan.so.[0-9]')
faketime=$(library 'faketime/libfaketime.so.1')
eatmydata=$(library 'libeatmydata.so')
wrapper=$(library 'libsocket_wrapper.so')
check "libjemalloc is installed" test -n "$jemalloc"
check "libasan is installed" test -n "$asan"
check "libfaketime is installed" test -n "$faketime"
check "libeatmydata is installed" test -n "$eatmydata"
check "libsocket_wrapper is installed" test -n "$wrapper"

# with PRELOADS CMD…: CMD with these libraries, findings to the log.
with() {
	preloads=$1
	shift
	env LD_PRELOAD="$preloads" FDGUARD_OPTIONS="format=json:log=$tmp/log" "$@" 2>err
}
covered() { found '"id":"run\.start"'; }
# holds NAME PRELOADS LEAK [CMD…]: compat-peer works, is covered, and its socket has the fate LEAK (leaked, not leaked).
holds() {
	name=$1 preloads=$2 fate=$3
	fresh
	same "$name: compat-peer works, its socket is $fate" "$(echo "$peer_bare" | sed "s/^leaked$/$fate/")" "$(with "$preloads" compat-peer)"
	same "$name: no word on standard error" "" "$(cat err)"
	check "$name: covered" covered
	check "$name: nothing to report" quiet
}
peer_bare=$(compat-peer)
same "bare: compat-peer leaks" leaked "$(echo "$peer_bare" | grep leaked)"
holds "alone" "$FDG_LIB" "not leaked"

statistics() { grep -q 'Begin jemalloc statistics' err; }
for order in "$jemalloc $FDG_LIB" "$FDG_LIB $jemalloc"; do
	case $order in "$FDG_LIB"*) name="before jemalloc" ;; *) name="after jemalloc" ;; esac
	holds "$name" "$order" "not leaked"
	with "$order" env MALLOC_CONF=stats_print:true true
	check "$name: jemalloc allocates" statistics
	same "$name: Python on its malloc, with children" "[1, 2, 3]" "$(with "$order" env PYTHONMALLOC=malloc /usr/bin/python3 -c '
import multiprocessing
print(multiprocessing.Pool(2).map(abs, [-1, 2, -3]))')"
done

for order in "$faketime $FDG_LIB" "$FDG_LIB $faketime"; do
	case $order in "$FDG_LIB"*) name="before libfaketime" ;; *) name="after libfaketime" ;; esac
	export FAKETIME='2001-02-03 04:05:06'
	holds "$name" "$order" "not leaked"
	same "$name: the time is faked" 2001-02-03 "$(with "$order" date +%F)"
	same "$name: in a child, too" 2001-02-03 "$(with "$order" sh -c 'date +%F; true')"
	unset FAKETIME
done

# libeatmydata answers fsync itself, even of a pipe.
sync_pipe='import os
try: os.fsync(os.pipe()[1]); print("eaten")
except OSError as e: print(e.strerror)'
same "bare: fsync of a pipe" "Invalid argument" "$(/usr/bin/python3 -c "$sync_pipe")"
for order in "$eatmydata $FDG_LIB" "$FDG_LIB $eatmydata"; do
	case $order in "$FDG_LIB"*) name="before libeatmydata" ;; *) name="after libeatmydata" ;; esac
	holds "$name" "$order" "not leaked"
	same "$name: fsync is eaten" eaten "$(with "$order" /usr/bin/python3 -c "$sync_pipe")"
done

# socket_wrapper looks libc up by itself: before us its sockets pass us by, and the child is as leaky as without us. Behind us all holds.
export SOCKET_WRAPPER_DEFAULT_IFACE=10
mkdir wrapper
export SOCKET_WRAPPER_DIR="$tmp/wrapper"
wrapped=$(env LD_PRELOAD="$wrapper" compat-peer)
same "socket_wrapper alone: compat-peer works" "$peer_bare" "$wrapped"
holds "before socket_wrapper" "$FDG_LIB $wrapper" "not leaked"
fresh
same "after socket_wrapper: works as with it alone" "$wrapped" "$(with "$wrapper $FDG_LIB" compat-peer)"
check "after socket_wrapper: covered" covered
serve='import os, socket
s = socket.create_server(("127.0.0.10", 7777))
print(sorted(os.listdir(os.environ["SOCKET_WRAPPER_DIR"])))'
for order in "$wrapper $FDG_LIB" "$FDG_LIB $wrapper"; do
	rm -rf wrapper/*
	same "socket_wrapper's own job, $(basename "${order%% *}") first" "['T0A1E61']" "$(with "$order" /usr/bin/python3 -c "$serve")"
done
unset SOCKET_WRAPPER_DIR SOCKET_WRAPPER_DEFAULT_IFACE

# AddressSanitizer wants to be first. Then all holds; else it says so itself and refuses to start, and with its own option works.
gcc -fsanitize=address -g -pthread -D_GNU_SOURCE -o asan-peer "$FDG_SRC/tests/compat/peer.c" || bad "gcc -fsanitize=address"
export ASAN_OPTIONS=detect_leaks=0
overflow() { grep -q 'heap-buffer-overflow' err; }
refusal() { grep -q 'ASan runtime does not come first' err; }
same "bare: a program built with ASan" "$peer_bare" "$(./asan-peer)"
# asan_holds NAME PRELOADS
asan_holds() {
	fresh
	same "$1: a program built with ASan works" "$(echo "$peer_bare" | sed 's/^leaked$/not leaked/')" "$(with "$2" ./asan-peer)"
	check "$1: covered" covered
	check "$1: nothing to report" quiet
	refuse "$1: an overflow ends the program" with "$2" ./asan-peer 8 >/dev/null
	check "$1: an overflow is reported" overflow
}
asan_holds "after libasan" "$asan $FDG_LIB"
refuse "before libasan: the program does not start" with "$FDG_LIB" ./asan-peer
check "before libasan: it says why" refusal
ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 asan_holds "before libasan, verify_asan_link_order=0" "$FDG_LIB"
holds "after libasan, a plain program" "$asan $FDG_LIB" "not leaked"

finish
