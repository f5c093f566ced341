#!/bin/sh
# SPDX-License-Identifier: MIT
# servers.sh [ROUNDS] [BUILD]: servers under load, bare and guarded in turn within each round: redis with redis-benchmark, nginx and haproxy with wrk, memcached with a
# client in Python. Tab-separated: work, bare and guarded requests a second (medians), the median of the rounds' ratios, that of the time on a processor that the servers
# took for a request (bare to guarded: the same where the server is what there is least of, and less disturbed by neighbours), the budget, the verdict (missed: by both).
# --budget: exit 1 if one is missed. Everything is on loopback.
set -eu
budget=
[ "${1-}" != --budget ] || { budget=1; shift; }
rounds=${1:-15}
build=${2:-${FDGUARD_BUILD_DIR:-$(dirname "$0")/../../build}}
lib=$(cd "$build" && pwd)/lib/libfdguard.so
[ -e "$lib" ] || { echo "servers.sh: no $lib; build first" >&2; exit 2; }
for tool in redis-server redis-benchmark redis-cli nginx haproxy memcached python3 wrk; do
	command -v "$tool" >/dev/null || { echo "servers.sh: $tool is not installed" >&2; exit 2; }
done
tmp=$(mktemp -d)
pids=
# shellcheck disable=SC2086 # a list of numbers
stop() { [ -z "$pids" ] || { kill $pids && wait $pids; } 2>/dev/null || :; rm -rf "$tmp"; }
trap stop EXIT
trap 'exit 143' TERM INT HUP

# started NAME PRELOAD CMD…
started() {
	name=$1 preload=$2
	shift 2
	env ${preload:+LD_PRELOAD="$preload"} "$@" >/dev/null 2>&1 </dev/null &
	pids="$pids $!"
	echo $! >"$tmp/$name.pid"
}

redis() {
	mkdir "$tmp/redis.$1"
	started "redis-benchmark.$1" "$2" redis-server --port 0 --unixsocket "$tmp/redis.$1/socket" --dir "$tmp/redis.$1" --save ''
}

memcached_on() {
	started "memcached.$1" "$2" memcached -u "$(id -un)" -s "$tmp/memcached.$1.socket" -t 1
}

haproxy_on() {
	cat >"$tmp/haproxy.$1" <<-END
		global
		 nbthread 1
		defaults
		 mode http
		 timeout client 10s
		 timeout server 10s
		 timeout connect 10s
		listen in
		 bind 127.0.0.1:$3
		 server nginx 127.0.0.1:18480
	END
	started "wrk-haproxy.$1" "$2" haproxy -db -f "$tmp/haproxy.$1"
}

nginx_on() {
	mkdir "$tmp/nginx.$1"
	echo hello >"$tmp/nginx.$1/index.html"
	cat >"$tmp/nginx.$1/conf" <<-END
		daemon off; master_process off; pid $tmp/nginx.$1/pid; error_log $tmp/nginx.$1/error;
		events { worker_connections 512; }
		http {
			access_log off; client_body_temp_path $tmp/nginx.$1/body; proxy_temp_path $tmp/nginx.$1/proxy;
			fastcgi_temp_path $tmp/nginx.$1/fastcgi; uwsgi_temp_path $tmp/nginx.$1/uwsgi; scgi_temp_path $tmp/nginx.$1/scgi;
			server { listen 127.0.0.1:$3; root $tmp/nginx.$1; }
		}
	END
	started "wrk-nginx.$1" "$2" nginx -c "$tmp/nginx.$1/conf"
}

redis bare ''
redis guarded "$lib"
nginx_on bare '' 18480
nginx_on guarded "$lib" 18481
haproxy_on bare '' 18482
haproxy_on guarded "$lib" 18483
memcached_on bare ''
memcached_on guarded "$lib"
for name in bare guarded; do
	n=0
	until redis-cli -s "$tmp/redis.$name/socket" ping >/dev/null 2>&1 && [ -s "$tmp/nginx.$name/pid" ] && [ -S "$tmp/memcached.$name.socket" ]; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || { echo "servers.sh: the $name servers do not start" >&2; exit 2; }
		sleep 0.1
	done
done

cat >"$tmp/memcached.py" <<'END'
import socket, sys, time
clients = [socket.socket(socket.AF_UNIX) for _ in range(8)]
for c in clients:
    c.connect(sys.argv[1])
count, start = 0, time.monotonic()
while time.monotonic() < start + 1:
    for c in clients:
        c.sendall(b"get nothing\r\n")
    for c in clients:
        count += len(c.recv(100)) // 5
print(count / (time.monotonic() - start))
END

# rate NAME bare|guarded: requests a second.
rate() {
	case $1 in
	redis-benchmark) redis-benchmark -s "$tmp/redis.$2/socket" -q -c 20 -n 60000 -t get | tr '\r' '\n' | sed -n 's/^GET: \([0-9.]*\) requests.*/\1/p' ;;
	memcached) python3 "$tmp/memcached.py" "$tmp/memcached.$2.socket" ;;
	*)
		port=18480
		[ "$1" = wrk-nginx ] || port=18482
		[ "$2" = bare ] || port=$((port + 1))
		wrk -t 1 -c 16 -d 1s "http://127.0.0.1:$port/" | sed -n 's/^Requests\/sec: *//p'
		;;
	esac
}

# Nanoseconds that it was on a processor.
used() { cat "/proc/$(cat "$tmp/$1.pid")"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }

# Each round both, and the other one first the next time. A line: requests a second; processor time for a request, in a unit that is the same for both.
works='redis-benchmark wrk-nginx wrk-haproxy memcached'
round=0
while [ "$round" -lt "$rounds" ]; do
	for work in $works; do
		for name in $([ $((round % 2)) = 0 ] && echo bare guarded || echo guarded bare); do
			before=$(used "$work.$name")
			rate=$(rate "$work" "$name")
			# redis-benchmark makes so many requests, the others last so long
			echo "$rate $before $(used "$work.$name")" | awk -v work="$work" '{ print $1, ($3 - $2) / (work == "redis-benchmark" ? 1 : $1) }' >>"$tmp/$work.$name"
		done
	done
	round=$((round + 1))
done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { h = int((NR + 1) / 2); print (NR % 2) ? v[h] : (v[h] + v[h + 1]) / 2 }'; }
printf '#work\tbare/s\tguarded/s\tratio\tprocessor\tbudget\tverdict\n'
missed=0
for work in $works; do
	paste -d ' ' "$tmp/$work.bare" "$tmp/$work.guarded" >"$tmp/both"
	awk '{ print $1 }' "$tmp/both" >"$tmp/bare"
	awk '{ print $3 }' "$tmp/both" >"$tmp/guarded"
	awk '{ print $3 / $1 }' "$tmp/both" >"$tmp/ratios"
	awk '{ print $2 / $4 }' "$tmp/both" >"$tmp/processor"
	ratio=$(median "$tmp/ratios") processor=$(median "$tmp/processor")
	verdict=$(awk -v r="$ratio" -v p="$processor" 'BEGIN { print (r >= 0.98 || p >= 0.98) ? "within" : "MISSED" }')
	[ "$verdict" = within ] || missed=1
	printf '%s\t%s\t%s\t%.3f\t%.3f\t0.98\t%s\n' "$work" "$(median "$tmp/bare")" "$(median "$tmp/guarded")" "$ratio" "$processor" "$verdict"
done
[ -z "$budget" ] || exit "$missed"
