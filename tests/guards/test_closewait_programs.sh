# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2317 # the functions are called by their names
# Programs that keep connections, and a server that closes those that are idle: curl, Python's http.client and urllib3, haproxy, nginx, redis. They do what they do without us, and are
# told of only where a socket really stays. Lasts for some eight seconds: all at the same time.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C HOME="$tmp"
need curl haproxy nginx redis-server redis-cli timeout
web=$FDG_SRC/tests/guards/closewait_web.py
options=closewait=fix:closewait.age=1s:keepalive=on
servers='' runs=''
trap 'status=$?; for one in $servers; do kill "$one" 2>/dev/null; wait "$one" 2>/dev/null; done; cd /; rm -rf "$tmp"; exit $status' EXIT
check "needs urllib3" /usr/bin/python3 -c 'import urllib3'

# until_there CMD…: for up to ten seconds.
until_there() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || return 1
		sleep 0.1
	done
}

# one NAME CMD…: guarded; findings go to NAME.log.
one() {
	log=$1
	shift
	env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$log.log:$options" "$@"
}
# both NAME CMD…: at the same time, bare and guarded.
both() {
	name=$1
	shift
	(timeout 60 "$@" </dev/null; echo " $?") >"$name.want" 2>&1 &
	runs="$runs $!"
	(one "$name" timeout 60 "$@" </dev/null; echo " $?") >"$name.got" 2>&1 &
	runs="$runs $!"
}
# ask PORT: as a browser does, with a pause in which the upstream closes.
ask() {
	for i in 1 2 3; do
		curl -sS "http://127.0.0.1:$1/$i?a" "http://127.0.0.1:$1/$i?b"
		sleep 2
	done
}
covered() { grep -q '"id":"run.start"' "$1.log"; }
silent() { covered "$1" && ! grep -e '"guard":"\(closewait\|fdleak\|keepalive\)"' "$1.log"; }

timeout 60 /usr/bin/python3 "$web" port </dev/null >web.out 2>&1 &
servers="$servers $!"
until_there test -e port || { bad "the web server starts"; finish; }
port=$(cat port)

# ports of our own for the servers; who took them meanwhile is seen below
free_ports() { /usr/bin/python3 -c 'import socket
s = [socket.socket() for i in range(3)]
[x.bind(("127.0.0.1", 0)) for x in s]
print(*(x.getsockname()[1] for x in s))'; }
# shellcheck disable=SC2046
set -- $(free_ports)
haproxy_port=$1 nginx_port=$2 redis_port=$3
cat >haproxy.cfg <<END
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
	http-reuse always
frontend in
	bind 127.0.0.1:$haproxy_port
	default_backend out
backend out
	server web 127.0.0.1:$port pool-max-conn 10
END
mkdir nginx nginx/logs
cat >nginx/nginx.conf <<END
daemon off;
master_process off;
error_log stderr;
pid nginx.pid;
events { }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	upstream web { server 127.0.0.1:$port; keepalive 4; }
	server {
		listen 127.0.0.1:$nginx_port;
		location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; }
	}
}
END
one haproxy timeout 60 haproxy -f haproxy.cfg </dev/null >haproxy.out 2>&1 &
servers="$servers $!"
one nginx timeout 60 nginx -p "$tmp/nginx" -c nginx.conf </dev/null >nginx.out 2>&1 &
servers="$servers $!"
one redis timeout 60 redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --tcp-keepalive 0 --timeout 1 </dev/null >redis.out 2>&1 &
servers="$servers $!"
for p in $haproxy_port $nginx_port; do
	until_there curl -sS "http://127.0.0.1:$p/up" || bad "a server starts"
done
until_there redis-cli -p "$redis_port" ping || bad "redis starts"

both curl curl -sS "http://127.0.0.1:$port/1" "http://127.0.0.1:$port/2"
both client /usr/bin/python3 "$web" client "$port"
both pool /usr/bin/python3 "$web" pool "$port"
both cli redis-cli -p "$redis_port" -r 2 -i 4 incr "$tmp" # … which redis closes in the pause
ask "$haproxy_port" >haproxy.got 2>&1 &
runs="$runs $!"
ask "$nginx_port" >nginx.got 2>&1 &
runs="$runs $!"
ask "$port" >want 2>&1 &
runs="$runs $!"
# shellcheck disable=SC2086 # numbers
wait $runs
for server in $servers; do
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
done
servers=''

for name in curl client pool; do
	check "$name: as without us" cmp "$name.want" "$name.got"
	check "$name: it did something" grep -q '^you asked for /2$' "$name.got"
done
# each of the two counts for both
same "redis-cli: as without us" "$(sed 's/^[0-9]*$/N/' cli.want)" "$(sed 's/^[0-9]*$/N/' cli.got)"
check "redis-cli: hears of the end" grep -q "closed the connection" cli.got
for name in haproxy nginx; do
	check "$name: all are answered" cmp want "$name.got"
done
check "… which is something" [ "$(grep -c '^you asked for /[123]?[ab]$' want)" -eq 6 ]
for name in curl client haproxy nginx redis; do
	check "$name: nothing to report" silent "$name"
done
check "urllib3's pool keeps what its peer has closed until it is asked again: told of" \
	/usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" pool.log closewait.leak count=1 action=fixed "peer=127.0.0.1:$port" 'age_ms=[1-9][0-9][0-9][0-9]'
finish
