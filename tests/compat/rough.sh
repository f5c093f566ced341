# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# `. "$FDG_SRC/tests/compat/rough.sh"`: nginx, haproxy, redis, memcached, node and asyncio under programs/rough_traffic.py. Each run's logs,
# answers and exit statuses are in a folder of its own.

. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C HOME="$tmp" PYTHONDONTWRITEBYTECODE=1
need nginx haproxy redis-server redis-cli memcached node /usr/bin/python3 timeout
programs=$FDG_SRC/tests/compat/programs
all='nginx haproxy redis replica memcached node asyncio'

# free N: so many ports that nobody has.
free() {
	/usr/bin/python3 -c 'import socket, sys
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(x.getsockname()[1] for x in s))' "$1"
}

until_there() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || return 1
		sleep 0.1
	done
}

upstreams() {
	/usr/bin/python3 "$programs/rough_traffic.py" upstreams >upstreams 2>&1 </dev/null &
	upstreams_pid=$!
	check 'upstreams' until_there sh -c '[ "$(wc -l <upstreams)" -eq 5 ]'
	while read -r name number; do
		eval "$name=$number"
	done <upstreams
	mkdir www
	seq 400000 >www/big
	echo small >www/small
}

nginx_conf() {
	cat <<-END
		daemon off; user $(id -un) $(id -gn); worker_processes 2; pid $tmp/$1/pid; error_log $tmp/$1/errors error;
		events { worker_connections 512; use epoll; }
		http {
			access_log off; client_body_temp_path $tmp/$1/body; proxy_temp_path $tmp/$1/proxy; fastcgi_temp_path $tmp/$1/fastcgi;
			uwsgi_temp_path $tmp/$1/uwsgi; scgi_temp_path $tmp/$1/scgi; client_max_body_size 2m; sendfile on;
			server {
				listen 127.0.0.1:$nginx; root $tmp/www;
				location /upload { proxy_pass http://127.0.0.1:$nginx/taken; }
				location /taken { return 200 taken; }
				location /dead { proxy_pass http://127.0.0.1:$dead/; }
				location /reset { proxy_pass http://127.0.0.1:$reset/; }
				location /cut { proxy_pass http://127.0.0.1:$cut/; proxy_buffering off; }
				location /slow { proxy_pass http://127.0.0.1:$slow/; }
				location /early { proxy_pass http://127.0.0.1:$early/; proxy_buffer_size 4k; proxy_max_temp_file_size 0; }
			}
		}
	END
}

# What haproxy does not have itself comes from nginx.
haproxy_conf() {
	cat <<-END
		global
		 maxconn 400
		 stats socket $tmp/$1/socket
		defaults
		 mode http
		 timeout client 20s
		 timeout server 20s
		 timeout connect 5s
		 retries 0
		frontend in
		 bind 127.0.0.1:$haproxy
		 use_backend dead if { path /dead }
		 use_backend reset if { path /reset }
		 use_backend cut if { path /cut }
		 use_backend slow if { path /slow }
		 use_backend early if { path /early }
		 default_backend nginx
		backend nginx
		 server n 127.0.0.1:$nginx
		backend dead
		 server d 127.0.0.1:$dead check inter 200
		backend reset
		 server r 127.0.0.1:$reset
		backend cut
		 server c 127.0.0.1:$cut
		backend slow
		 option abortonclose
		 server s 127.0.0.1:$slow
		backend early
		 server e 127.0.0.1:$early
	END
}

# started NAME CMD…: in the background, bare or guarded by $options; its number is in $NAME_pid.
started() {
	name=$1
	shift
	if [ "$options" = bare ]; then
		"$@" >"$run/$name.out" 2>"$run/$name.err" </dev/null &
	else
		env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$run/$name.log:$options" "$@" >"$run/$name.out" 2>"$run/$name.err" </dev/null &
	fi
	eval "${name}_pid=$!"
}

servers() {
	nginx_conf "$run" >"$run/nginx.conf"
	haproxy_conf "$run" >"$run/haproxy.conf"
	mkdir "$run/data" "$run/data2"
	started nginx nginx -p "$tmp/$run" -c "$tmp/$run/nginx.conf"
	started haproxy haproxy -W -q -p "$tmp/$run/haproxy.pid" -f "$run/haproxy.conf"
	started redis redis-server --port "$redis" --bind 127.0.0.1 --dir "$tmp/$run/data" --save '' --io-threads 2 --client-output-buffer-limit 'normal 1mb 1mb 1'
	started replica redis-server --port "$replica" --bind 127.0.0.1 --dir "$tmp/$run/data2" --save '' --replicaof 127.0.0.1 "$dead"
	started memcached memcached -u "$(id -un)" -l 127.0.0.1 -p "$memcached" -U "$memcached" -t 3 -c 40
	started node node "$programs/rough_server.js" "$node" "$dead" "$reset" "$cut" "$slow" "$early"
	started asyncio /usr/bin/python3 "$programs/rough_server.py" "$asyncio" "$dead" "$reset" "$cut" "$slow" "$early"
}

answers() { /usr/bin/python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()' "$1"; }

# ask FILE NAME PROTOCOL: what the clients of NAME get goes to $run/NAME.FILE.
ask() {
	eval "port=\$$2"
	timeout 120 /usr/bin/python3 "$programs/rough_traffic.py" "$3" "$port" >>"$run/$2.$1" 2>&1
	echo "ended with $?" >>"$run/$2.$1"
}

# all_ask FILE: all of them at once.
all_ask() {
	asking=
	for each in nginx:http haproxy:http redis:redis memcached:memcached node:http asyncio:http; do
		ask "$1" "${each%:*}" "${each#*:}" &
		asking="$asking $!"
	done
	# shellcheck disable=SC2086 # numbers
	wait $asking
}

# What an administrator does meanwhile: reloads, workers that are killed, a replica that gets a master and loses it.
disturb() {
	redis-cli -p "$replica" replicaof 127.0.0.1 "$redis" >/dev/null
	redis-cli -p "$redis" bgsave >/dev/null
	kill -HUP "$nginx_pid"
	kill -USR2 "$haproxy_pid" "$node_pid"
	sleep 1
	redis-cli -p "$redis" client kill type replica >/dev/null
	pid=$(ps -o pid= --ppid "$nginx_pid" | head -n 1)
	kill -KILL "$pid"
	redis-cli -p "$redis" config set save '' >/dev/null
	sleep 0.5
	redis-cli -p "$replica" replicaof 127.0.0.1 "$dead" >/dev/null
}

# stop NAME SIGNAL
stop() {
	eval "pid=\$${1}_pid"
	eval "${1}_pid="
	kill -"$2" "$pid"
	wait "$pid"
	echo "$1 ended with $?" >>"$run/$1.got"
}

# What still runs.
stop_all() {
	for name in $all; do
		eval "pid=\${${name}_pid-}"
		[ -z "$pid" ] || kill "$pid"
	done
}

# one_run OPTIONS PORT…: bare, or guarded with OPTIONS; in a folder of that name.
one_run() {
	run=$1 options=$1 nginx=$2 haproxy=$3 redis=$4 replica=$5 memcached=$6 node=$7 asyncio=$8
	trap stop_all EXIT
	trap 'exit 143' TERM INT HUP
	mkdir "$run"
	servers
	for name in $all; do
		eval "port=\$$name"
		until_there answers "$port" || echo "$name does not answer" >>"$run/$name.got"
	done
	all_ask got
	# What a client gets whose worker is killed is up to chance; node's gets nothing, if the connection was on its way to the worker.
	(export PATIENCE=3; all_ask disturbed) &
	sleep 0.3
	disturb
	wait $!
	export HOLD=0.3
	all_ask got
	stop haproxy USR1
	stop nginx QUIT
	stop redis TERM
	stop replica TERM
	stop memcached TERM
	stop node TERM
	stop asyncio TERM
	cat "$run/asyncio.out" >>"$run/asyncio.got"
}

# all_runs OPTIONS…: a bare run and those, at the same time.
all_runs() {
	set -- bare "$@"
	# shellcheck disable=SC2046 # numbers
	ports=$(free $((7 * $#))) running=
	for each in "$@"; do
		# shellcheck disable=SC2086 # numbers
		one_run "$each" $ports &
		running="$running $!"
		ports=$(echo "$ports" | cut -d' ' -f8-)
	done
	# shellcheck disable=SC2086 # numbers
	wait $running
	shift
	for run in "$@"; do
		judge
	done
}

# judge: the answers of $run are the bare run's, and nothing is said.
judge() {
	for name in $all; do
		if cmp -s "bare/$name.got" "$run/$name.got"; then
			ok "$run: $name did what it does bare"
		else
			bad "$run: $name did what it does bare"
			diff "bare/$name.got" "$run/$name.got" | cut -c1-200 | sed 's/^/# /' | head -n 20
		fi
		check "$run: $name: covered" grep -q '"id":"run\.start"' "$run/$name.log"
		said=$(grep '"level":"\(warning\|error\)"' "$run/$name.log" | cut -c1-600)
		same "$run: $name: nothing to report" '' "$said"
	done
}
