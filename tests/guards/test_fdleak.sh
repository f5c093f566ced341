# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Guard fdleak: programs that forget to close one thing are told, with what, where, and how many; those that have many open, and those whose many come and go, are not.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/usr/sbin:/bin:/sbin" LC_ALL=C
need redis-server redis-benchmark redis-cli nginx ab
options="closewait.age=100ms:closewait=off:epoll=report"
running=''
# shellcheck disable=SC2086 # words
trap 'status=$?; kill $running 2>/dev/null; cd /; rm -rf "$tmp"; exit $status' EXIT

# starts NAME OPTIONS CMD…: guarded, in the background; what fdguard says goes to NAME.log.
starts() {
	name=$1 more=$2
	shift 2
	env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$name.log:$options:$more" "$@" >"$name.out" 2>&1 </dev/null &
	started=$!
	running="$running $started"
}

# ends PID: sh's word about it is no news.
ends() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# await CMD…: until it succeeds, or it has been tried for 20 s.
await() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -le 200 ] || return 1
		sleep 0.1
	done
}

# shellcheck disable=SC2317 # await calls it
told() { grep -qs '"id":"fdleak.growth"' "$1.log"; }
# shellcheck disable=SC2317 # check calls it
finding() {
	name=$1
	shift
	/usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$name.log" fdleak.growth level=warning action=reported 'from=[0-9]*' 'to=[0-9]*' 'curve=* after *' "$@"
}
ids() { grep -qs '"id":"run.start"' "$1.log" && sed -n 's/.*"id":"\([^"]*\)","level":"\(warning\|error\)".*/\1/p' "$1.log" | sort -u; }

# All at once: most of it is waiting.

#
# Servers under load
#
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
starts redis fdleak=report redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$tmp"
redis=$started
await redis-cli -p "$port" ping >/dev/null 2>&1
mkdir -p www logs
echo hello >www/index.html
cat >nginx.conf <<CONF
daemon off; error_log stderr; pid nginx.pid; worker_processes 1;
events { worker_connections 900; }
http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
	server { listen unix:$tmp/nginx.sock; listen 127.0.0.1:$((port + 1)); root $tmp/www; open_file_cache max=100; } }
CONF
starts nginx fdleak=report nginx -p "$tmp" -c "$tmp/nginx.conf"
nginx=$started
await test -S nginx.sock
redis-benchmark -p "$port" -c 300 -I >/dev/null 2>&1 & # a plateau
idle=$!
running="$running $idle"
{
	timeout 2 redis-benchmark -p "$port" -c 50 -n 100000000 -t set -q
	timeout 10 ab -q -t 2 -n 10000000 -c 100 "http://127.0.0.1:$((port + 1))/"
} >load.said 2>&1 &
bench=$!
running="$running $bench"

#
# What forgets, and what does not
#
for what in files sockets pipes epolls; do
	starts "$what" fdleak=report fdleak-wrong "$what"
	eval "pid_$what=$started"
done
starts off fdleak=off fdleak-wrong files
off=$started
starts child fdleak=report fdleak-wrong child
child=$started
starts python fdleak=report /usr/bin/python3 "$FDG_SRC/tests/guards/fdleak_server.py" serve port
python=$started
await test -e port
timeout 60 /usr/bin/python3 "$FDG_SRC/tests/guards/fdleak_server.py" load "$(cat port)" >load.out 2>&1 &
load=$!
running="$running $load"
for what in plateau breathing once; do
	starts "$what" fdleak=report fdleak-right "$what" 6
	eval "pid_$what=$started"
done

for what in files sockets pipes epolls; do
	await told "$what"
	eval "ends \$pid_$what"
	case $what in
	files) where=file_open one='fd * (file /etc/passwd)' ;;
	sockets) where=connection_open one='fd * (TCP socket)' ;;
	pipes) where=pipe_open one='fd * (pipe)' ;;
	epolls) where=loop_open one='fd * (epoll)' ;;
	esac
	check "$what: told, with the place" finding "$what" "kind=$what" "message=fdleak-wrong keeps more and more $what open: from * to * in *, most of them made at $where+* (fdleak-wrong), like $one" "created.0.symbol=$where+*" \
		"made_1=* at $where+* (fdleak-wrong)" "example=$one" 'limit=* of * (* %)' 'full_in=*'
	same "$what: and nothing else" fdleak.growth "$(ids "$what")"
done
await told child
check "a forked child: told" finding child kind=sockets 'message=* keeps more and more sockets open: from *'
same "… by the child alone" 1 "$(grep '"fdleak.growth"' child.log | sed 's/.*"pid":\([0-9]*\).*/\1/' | sort -u | wc -l)"
refuse "… not by its parent" grep -q "\"pid\":$child,.*fdleak.growth" child.log
ends "$child"
await told python
check "a server in Python: told" finding python kind=files 'message=*fdleak_server.py*' 'example=fd * (file /etc/passwd)' 'created.0.object=*python*'
ends "$load"
ends "$python"
ends "$off"
same "fdleak=off: nothing is said" . "$(ids off && echo .)"
for what in plateau breathing once; do
	eval "wait \$pid_$what"
	same "$what: ends well" 0 $?
	same "$what: nothing to report" . "$(ids "$what" && echo .)"
done


#
# What became of the servers
#
wait "$bench"
check "redis and nginx served" grep -q '^PONG' <<PONG
$(redis-cli -p "$port" ping)
PONG
ends "$idle"
ends "$redis"
ends "$nginx"
same "redis with 350 connections: nothing to report" . "$(ids redis && echo .)"
same "nginx under load: nothing to report" . "$(ids nginx && echo .)"

finish
