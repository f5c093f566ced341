# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2317
# nginx with `listen … reuseport`, and haproxy, which are told to load their configuration anew again and again under wrk: bare, watched, and without a failure with reuseport=fix.
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/guards/reuseport.sh
. "$FDG_SRC/tests/guards/reuseport.sh"
export PATH="/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C
need nginx haproxy wrk ss
cases=$FDG_SRC/tests/cases
reloads='2 4 2 4'
chmod 755 "$tmp"
mkdir nginx
chmod 777 nginx

# A port that nobody has.
port=18080
while ss -ltn | grep -q ":$port "; do port=$((port + 1)); done

preloaded() {
	: >log
	chmod 666 log # workers are another user
	[ "$1" = bare ] || echo "env LD_PRELOAD=$FDG_LIB FDGUARD_OPTIONS=format=json:log=$tmp/log:cloexec=off:reuseport=$1"
}

wait_for_port() {
	while ! ss -ltn | grep -q ":$port "; do sleep 0.05; done
}

start_load() {
	wait_for_port
	wrk -t2 -c64 -d3s -H 'Connection: close' "http://127.0.0.1:$port/" >load &
	load=$!
}

nginx_workers() {
	cat >nginx.conf <<-EOT
		worker_processes $1;
		daemon off;
		pid $tmp/nginx/pid;
		error_log $tmp/nginx/error.log;
		events { worker_connections 512; }
		http {
			access_log off;
			keepalive_timeout 0;
			client_body_temp_path $tmp/nginx/1; proxy_temp_path $tmp/nginx/2; fastcgi_temp_path $tmp/nginx/3; uwsgi_temp_path $tmp/nginx/4; scgi_temp_path $tmp/nginx/5;
			server { listen 127.0.0.1:$port reuseport; location / { return 200 "hello"; } }
		}
	EOT
}

run_nginx() {
	before=$(preloaded "$1")
	nginx_workers 4
	$before nginx -c "$tmp/nginx.conf" 2>/dev/null &
	server=$!
	start_load
	for n in $reloads; do
		sleep 0.5
		nginx_workers "$n"
		kill -HUP "$server"
	done
	wait "$load"
	kill -QUIT "$server"
	wait "$server"
}

run_haproxy() {
	before=$(preloaded "$1")
	cat >haproxy.cfg <<-EOT
		global
		  maxconn 1000
		  nbthread 2
		defaults
		  mode http
		  timeout client 5s
		  timeout connect 5s
		  timeout server 5s
		  option httpclose
		frontend f
		  bind 127.0.0.1:$port
		  http-request return status 200 content-type text/plain string hello
	EOT
	$before haproxy -db -f haproxy.cfg 2>/dev/null &
	server=$!
	start_load
	for n in $reloads; do
		sleep 0.5
		$before haproxy -db -f haproxy.cfg -sf "$server" 2>/dev/null &
		server=$!
	done
	wait "$load"
	kill -USR1 "$server"
	wait
}

failures_of() { awk '/Socket errors/ { gsub(",", ""); n = $4 + $6 + $8 + $10 } END { print n + 0 }' load; }
served() { awk '/requests in/ { print $1 }' load; }
lost() { /usr/bin/python3 "$cases/finding.py" -p count log reuseport.reset "action=$1" | awk '{ n += $1 } END { print n + 0 }'; }

for program in nginx haproxy; do
	"run_$program" bare
	check "$program, bare: $(served) requests, $(failures_of) failures" [ "$(served)" -gt 1000 ]
	"run_$program" report
	check "$program, watched: $(served) requests, $(failures_of) failures, $(lost reported) told" [ "$(served)" -gt 1000 ]
	if may_load; then
		"run_$program" fix
		# nginx's workers may not load BPF: the gap in the kernel's migration is open (guards/reuseport/quiet.c)
		check "$program, fix: $(served) requests, $(lost fixed) saved, $(failures_of) failures" [ "$(failures_of)" -le "$([ "$program" = nginx ] && echo 2 || echo 0)" ]
		same "$program, fix: none was reset" 0 "$(lost reported)"
	fi
done
finish
