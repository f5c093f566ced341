# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2317 # the functions are called by their names
# Programs that wait in poll, with errors and hang-ups on their way: curl, ssh and sshd, git, rsync, lftp, python's asyncio on poll, and libc's own lookups. They do what they
# do without us, and guard epoll has nothing to say.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C HOME="$tmp"
need curl ssh sshd ssh-keygen git rsync lftp timeout

# until_there CMD…: for up to ten seconds.
until_there() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || return 1
		sleep 0.1
	done
}

mkdir bare guarded

# alike SENTENCE PROGRAM CMD…: the same output and status, bare and with epoll=fix (at the same time, in a folder each), in which PROGRAM was guarded and nothing was found.
alike() {
	about=$1 program=$2
	shift 2
	fresh
	(cd bare && timeout 60 "$@" >../want 2>/dev/null </dev/null; echo " $?" >>../want) &
	(cd guarded && guarded epoll=fix timeout 60 "$@" >../got 2>/dev/null </dev/null; echo " $?" >>../got)
	wait $!
	check "$about: as without us" cmp want got
	check "$about: it did something" [ "$(wc -c <want)" -gt 3 ]
	check "$about: covered" found "\"id\":\"run\\.start\".*$program"
	refuse "$about: nothing to report" found '"guard":"epoll"'
}

# ---- a web server: slow, silent, and one that hangs up in the middle ----
cat >server.py <<'END'
import http.server, os, socketserver, struct, socket, time
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(204)
        self.end_headers()
    def do_GET(self):
        if self.path == "/numbers":
            body = b"".join(b"%d\n" % i for i in range(200000))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        for _ in range(13):
            self.wfile.write(b"slow\n")
            time.sleep(0.1)
        if self.path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif self.path == "/slow":
            self.wfile.write(b"slow\n" * 7)
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    def handle_error(self, *_): pass
s = Server(("127.0.0.1", 0), Handler)
with open("port.new", "w") as f: f.write(str(s.server_port))
os.rename("port.new", "port")
s.serve_forever()
END
/usr/bin/python3 server.py &
server=$!
until_there test -s port
at=http://127.0.0.1:$(cat port)

alike "curl" curl curl -sS "$at/numbers"
alike "curl, several" curl curl -sS --parallel "$at/numbers" "$at/slow" -o /dev/null -o slow -w '%{size_download}\n'
alike "curl, reset" curl curl -s "$at/reset"
alike "curl, cut off" curl curl -s "$at/cut"
alike "curl, from a pipe that ends" curl sh -c "{ sleep 1.3; echo more; } | curl -sS -T - -w '%{http_code}' '$at/put'"
alike "curl, its reader leaves" curl sh -c "curl -s '$at/numbers' '$at/slow' | head -n 3"
alike "curl, nobody there" curl sh -c 'said=$(curl -sS --connect-timeout 5 http://127.0.0.1:1/ 2>&1); echo "status $?"; echo "$said" | sed "s/after [0-9]* ms/after a while/"'
alike "lftp" lftp lftp -c "set net:max-retries 1; cat $at/numbers"
kill "$server"

# ---- ssh: an sshd of our own, guarded as well, that it talks to through a pipe ----
if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
ssh-keygen -q -t ed25519 -N '' -f server_key
ssh-keygen -q -t ed25519 -N '' -f key
cat >server <<END
HostKey $tmp/server_key
AuthorizedKeysFile $tmp/key.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
END
printf '#!/bin/sh\nexec /usr/sbin/sshd -i -f %s/server\n' "$tmp" >serve
printf '#!/bin/sh\nexec ssh -F /dev/null -q -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i %s/key -o ProxyCommand=%s/serve "$@"\n' "$tmp" "$tmp" >to
chmod +x serve to

alike "ssh" sshd "$tmp/to" nowhere 'seq 100000'
alike "ssh, both ways" sshd sh -c "seq 100000 | $tmp/to nowhere 'cat; echo done'"
alike "ssh, a command that closes all and stays" sshd "$tmp/to" nowhere 'echo one; exec >&- 2>&- <&-; sleep 1.5'
alike "ssh, a reader that leaves" sshd sh -c "$tmp/to nowhere 'seq 1000000' | head -n 3"
alike "ssh, an input that ended long ago" sshd "$tmp/to" nowhere 'sleep 1.5; cat; echo done'

mkdir repository
(
	cd repository || exit
	git init -q -b main .
	for i in 1 2 3 4 5 6 7 8; do
		seq "$i" 20000 >file
		git add file
		git -c user.name=n -c user.email=e@example.org commit -q -m "$i"
	done
) >/dev/null
alike "git over ssh" git sh -c "rm -rf clone; GIT_SSH=$tmp/to git clone -q nowhere:$tmp/repository clone && git -C clone log --format=%s && sum clone/file"
alike "rsync over ssh" rsync sh -c "rm -rf copy; rsync -a -e $tmp/to nowhere:$tmp/repository/ copy && sum copy/file"

# ---- python: asyncio on poll, with clients that end in every way ----
cat >echo.py <<'END'
import asyncio, selectors, socket, struct
async def serve(reader, writer):
    try:
        while (data := await reader.read(1000)):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
async def client(port, how):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x" * 5000)
    n = len(await reader.readexactly(5000))
    if how == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif how == "half":
        writer.write_eof()
        n += len(await reader.read())
    await asyncio.sleep(0.2)
    writer.close()
    return how, n
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec("sh", "-c", "echo one; exec >&-; sleep 1.2", stdout=-1)
    print(await process.stdout.read())
    print(sorted(await asyncio.gather(*(client(port, how) for how in ("reset", "half", "close") * 20))))
    print(await process.wait())
asyncio.set_event_loop_policy(None)
loop = asyncio.SelectorEventLoop(selectors.PollSelector())
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
END
alike "asyncio on poll" python3 /usr/bin/python3 "$tmp/echo.py"
alike "a lookup" nonblock-lookup nonblock-lookup getaddrinfo no-loop

finish
