# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2317 # the functions are called by their names
# Programs that live on O_NONBLOCK: redis, nginx, tmux, asyncio. They work under us, whether we only watch or mend, and nothing is said.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C HOME="$tmp" TMUX_TMPDIR="$tmp"
need redis-server redis-benchmark redis-cli nginx ab curl tmux script timeout
unset TMUX

# until_there CMD…: for up to ten seconds.
until_there() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 50 ] || return 1
		sleep 0.2
	done
}

silent() {
	check "$1: covered" found "\"id\":\"run\\.start\".*$2"
	refuse "$1: nothing is said about modes" found '"guard":"nonblock"'
	check "$1: nothing to report" quiet
}

with_redis() {
	mkdir data
	env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:$1" redis-server --port 0 --unixsocket "$tmp/redis" --dir "$tmp/data" --save '' \
		--io-threads 2 --appendonly yes >redis.log 2>&1 </dev/null &
	server=$!
	check "$1: redis answers" until_there redis-cli -s "$tmp/redis" ping
	guarded "$1" timeout 60 redis-benchmark -s "$tmp/redis" -q -c 20 -n 3000 -P 4 -t ping,set,get,lpush,lrange_100 >out 2>&1 </dev/null
	same "$1: redis-benchmark: it ends well" 0 $?
	same "$1: redis-benchmark: what it measured" 7 "$(tr '\r' '\n' <out | grep -c 'requests per second')"
	redis-cli -s "$tmp/redis" bgrewriteaof >/dev/null # a fork with a pipe
	same "$1: redis has what was put there" 1 "$(redis-cli -s "$tmp/redis" exists key:__rand_int__)"
	sleep 0.3
	redis-cli -s "$tmp/redis" shutdown nosave
	wait "$server"
	same "$1: redis ends well" 0 $?
	silent "$1: redis" redis
	rm -rf data redis
}

with_nginx() {
	mkdir -p www logs
	seq 20000 >www/numbers
	cat >nginx.conf <<-END
		daemon off; user $(id -un) $(id -gn); worker_processes 2; pid $tmp/nginx.pid; error_log $tmp/logs/error;
		events { worker_connections 256; }
		http {
			access_log off; sendfile on;
			client_body_temp_path $tmp/logs/body; proxy_temp_path $tmp/logs/proxy; fastcgi_temp_path $tmp/logs/fastcgi;
			uwsgi_temp_path $tmp/logs/uwsgi; scgi_temp_path $tmp/logs/scgi;
			server { listen 127.0.0.1:$port; root $tmp/www; location /again { proxy_pass http://127.0.0.1:$port/numbers; } }
		}
	END
	guarded "$1" nginx -p "$tmp" -c "$tmp/nginx.conf" >nginx.log 2>&1 </dev/null &
	server=$!
	check "$1: nginx answers" until_there curl -sf -o /dev/null "http://127.0.0.1:$port/numbers"
	for page in numbers again; do
		guarded "$1" timeout 60 ab -q -k -n 500 -c 20 "http://127.0.0.1:$port/$page" >out 2>&1 </dev/null
		same "$1: ab, $page: no request failed" '500 0' "$(awk '/^Complete requests/ { ok = $3 } /^Failed requests|^Non-2xx/ { bad += $3 } END { print ok, bad }' out)"
	done
	kill -HUP "$(cat nginx.pid)"
	sleep 0.3
	same "$1: nginx after a reload" "$(cksum <www/numbers)" "$(curl -sf "http://127.0.0.1:$port/again" | cksum)"
	kill -QUIT "$(cat nginx.pid)"
	wait "$server"
	same "$1: nginx ends well" 0 $?
	silent "$1: nginx" nginx
	rm -rf www logs
}

# A session with a client in a terminal, which is told to end by what is typed in its shell.
with_tmux() {
	cat >tmux.sh <<-END
		tmux -f /dev/null new-session -x 80 -y 24 'echo in a pane; sleep 0.5; tmux display-message -p "#{pane_tty}" >pane; sleep 0.5'
	END
	TERM=xterm guarded "$1" timeout 60 script -qec 'sh tmux.sh' typescript >out 2>&1 </dev/null
	same "$1: tmux ends well" 0 $?
	check "$1: tmux showed its pane" grep -q 'in a pane' out
	check "$1: tmux: a command in it" grep -q '^/dev/pts/' pane
	silent "$1: tmux" tmux
	rm -f pane
}

cat >streams.py <<'END'
import asyncio, os, sys

async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()

async def talk(port, n):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    total = 0
    for i in range(20):
        writer.write(b"x" * (n * 100 + i) + b"\n")
        total += len(await reader.readline())
    writer.close()
    return total

async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    print(sum(await asyncio.gather(*(talk(port, n) for n in range(50)))))
    cat = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print((await cat.communicate(b"through a pipe"))[0].decode())
    print(await asyncio.get_running_loop().run_in_executor(None, os.getppid) == os.getppid())
    server.close()
    await asyncio.sleep(0.1)

asyncio.run(main())
END

with_asyncio() {
	want=$(timeout 60 /usr/bin/python3 streams.py)
	same "$1: asyncio" "$want" "$(guarded "$1" timeout 60 /usr/bin/python3 streams.py)"
	silent "$1: asyncio" python3
}

port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for mode in nonblock=report nonblock=fix; do
	for program in redis nginx tmux asyncio; do
		fresh
		with_$program $mode
	done
done
finish
