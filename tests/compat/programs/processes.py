# SPDX-License-Identifier: MIT
"""What Python programs do with processes and descriptors beyond subprocess.run."""
import asyncio, concurrent.futures, fcntl, multiprocessing, os, pty, select, selectors, socket, socketserver, sys, tempfile, threading


def square(n):
    return n * n


def echo_over_pipe(pipe):
    pipe.send(pipe.recv().upper())


def start_methods():
    for method in "fork", "spawn", "forkserver":
        ctx = multiprocessing.get_context(method)
        with ctx.Pool(2) as pool:
            print(method, pool.map(square, range(8)))
        here, there = ctx.Pipe()
        p = ctx.Process(target=echo_over_pipe, args=(there,))
        p.start()
        here.send(f"by {method}")
        print(here.recv(), p.join(), p.exitcode)


def executor():
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print("executor", sum(pool.map(square, range(50))))


async def asynchronous():
    p = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print("asyncio", await p.communicate(b"through cat"))
    many = [asyncio.create_subprocess_shell(f"echo {i}; exit {i}", stdout=asyncio.subprocess.PIPE) for i in range(20)]
    for p in await asyncio.gather(*many):
        print((await p.communicate())[0], p.returncode)


async def streams():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    for i in range(20):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(f"line {i}\n".encode())
        print(await reader.readline())
        writer.close()
    server.close()


class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())


def forking_server():
    class Server(socketserver.ForkingTCPServer):
        pass
    with Server(("127.0.0.1", 0), Upper) as server:
        t = threading.Thread(target=server.serve_forever, args=(0.05,))
        t.start()
        for i in range(5):
            with socket.create_connection(server.server_address) as s:
                s.sendall(b"to a forking server\n")
                print(s.makefile().readline().strip())
        server.shutdown()
        t.join()


def flags():
    s, f, (r, w) = socket.socket(), open("/dev/null"), os.pipe()
    raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    raw.set_inheritable(True)
    print("flags", [fcntl.fcntl(x, fcntl.F_GETFD) for x in (s, f, r, w, raw)], os.get_inheritable(raw.fileno()))
    d = os.dup(raw.fileno())
    os.dup2(raw.fileno(), 50)
    print("dup", fcntl.fcntl(d, fcntl.F_GETFD), fcntl.fcntl(50, fcntl.F_GETFD), raw.type == socket.SOCK_DGRAM)
    os.set_inheritable(50, False)
    a, b = socket.socketpair()
    socket.send_fds(a, [b"x"], [r, 50])
    _, fds, _, _ = socket.recv_fds(b, 1, 2)
    print("passed", [fcntl.fcntl(x, fcntl.F_GETFD) for x in fds])
    for fd in [d, 50, r, w] + fds:
        os.close(fd)


def loops():
    a, b = socket.socketpair()
    for kind in selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector:
        with kind() as s:
            s.register(b, selectors.EVENT_READ)
            a.send(b"1")
            print(kind.__name__, [(k.fileobj is b, e) for k, e in s.select(5)], b.recv(1))
    print(select.select([b], [a], [], 0)[1] == [a])


def shells():
    with os.popen("echo by popen; cat /etc/hostname >/dev/null") as f:
        print(f.read(), end="", flush=True)
    print("system", os.system("echo by system; exit 3") >> 8, flush=True)
    print("spawnlp", os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "exit 4"), os.waitstatus_to_exitcode(os.system("true")))
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "echo spawned >&5"], os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, 1, 5)])
    print(os.waitpid(pid, 0)[1], flush=True)
    pid, fd = pty.fork()
    if not pid:
        os.execlp("sh", "sh", "-c", "tty >/dev/null && echo on a terminal")
    print(os.read(fd, 100), os.waitpid(pid, 0)[1])
    os.close(fd)


def temporary():
    with tempfile.NamedTemporaryFile() as f, tempfile.TemporaryFile() as g:
        f.write(b"temporary")
        f.flush()
        g.write(open(f.name, "rb").read())
        g.seek(0)
        print(g.read())


if __name__ == "__main__":
    start_methods()
    executor()
    asyncio.run(asynchronous())
    asyncio.run(streams())
    forking_server()
    flags()
    loops()
    shells()
    temporary()
    sys.stdout.flush()
    os.closerange(3, 256)
    os.execv("/bin/sh", ["sh", "-c", "echo and exec"])
