#!/bin/sh
# SPDX-License-Identifier: MIT
# servers.sh [ROUNDS] [BUILD]: servers under load, bare and guarded in turn within each round: redis with redis-benchmark, nginx with wrk. Tab-separated: work,
# bare and guarded requests a second (medians), the median of the rounds' ratios, the budget, the verdict. --budget: exit 1 if one is missed. Everything is on loopback.
set -eu
budget=
[ "${1-}" != --budget ] || { budget=1; shift; }
rounds=${1:-15}
build=${2:-${FDGUARD_BUILD_DIR:-$(dirname "$0")/../../build}}
lib=$(cd "$build" && pwd)/lib/libfdguard.so
[ -e "$lib" ] || { echo "servers.sh: no $lib; build first" >&2; exit 2; }
for tool in redis-server redis-benchmark redis-cli nginx wrk; do
	command -v "$tool" >/dev/null || { echo "servers.sh: $tool is not installed" >&2; exit 2; }
done
tmp=$(mktemp -d)
pids=
# shellcheck disable=SC2086 # a list of numbers
stop() { [ -z "$pids" ] || { kill $pids && wait $pids; } 2>/dev/null || :; rm -rf "$tmp"; }
trap stop EXIT
trap 'exit 143' TERM INT HUP

redis() {
	mkdir "$tmp/redis.$1"
	env ${2:+LD_PRELOAD="$2"} redis-server --port 0 --unixsocket "$tmp/redis.$1/socket" --dir "$tmp/redis.$1" --save '' >/dev/null 2>&1 </dev/null &
	pids="$pids $!"
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
	env ${2:+LD_PRELOAD="$2"} nginx -c "$tmp/nginx.$1/conf" >/dev/null 2>&1 </dev/null &
	pids="$pids $!"
}

redis bare ''
redis guarded "$lib"
nginx_on bare '' 18480
nginx_on guarded "$lib" 18481
for name in bare guarded; do
	n=0
	until redis-cli -s "$tmp/redis.$name/socket" ping >/dev/null 2>&1 && [ -s "$tmp/nginx.$name/pid" ]; do
		n=$((n + 1))
		[ "$n" -lt 100 ] || { echo "servers.sh: the $name servers do not start" >&2; exit 2; }
		sleep 0.1
	done
done

redis_rate() { redis-benchmark -s "$tmp/redis.$1/socket" -q -c 20 -n 60000 -t get | tr '\r' '\n' | sed -n 's/^GET: \([0-9.]*\) requests.*/\1/p'; }
nginx_rate() { wrk -t 1 -c 16 -d 1s "http://127.0.0.1:$2/" | sed -n 's/^Requests\/sec: *//p'; }

# Each round both, and the other one first the next time.
round=0
while [ "$round" -lt "$rounds" ]; do
	for name in $([ $((round % 2)) = 0 ] && echo bare guarded || echo guarded bare); do
		port=$([ "$name" = bare ] && echo 18480 || echo 18481)
		redis_rate "$name" >>"$tmp/redis-benchmark.$name"
		nginx_rate "$name" "$port" >>"$tmp/wrk-nginx.$name"
	done
	round=$((round + 1))
done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { h = int((NR + 1) / 2); print (NR % 2) ? v[h] : (v[h] + v[h + 1]) / 2 }'; }
printf '#work\tbare/s\tguarded/s\tratio\tbudget\tverdict\n'
missed=0
for work in redis-benchmark wrk-nginx; do
	paste "$tmp/$work.bare" "$tmp/$work.guarded" | awk '{ print $2 / $1 }' >"$tmp/ratios"
	ratio=$(median "$tmp/ratios")
	verdict=$(awk -v r="$ratio" 'BEGIN { print (r >= 0.98) ? "within" : "MISSED" }')
	[ "$verdict" = within ] || missed=1
	printf '%s\t%s\t%s\t%.3f\t0.98\t%s\n' "$work" "$(median "$tmp/$work.bare")" "$(median "$tmp/$work.guarded")" "$ratio" "$verdict"
done
[ -z "$budget" ] || exit "$missed"
