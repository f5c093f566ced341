#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""acts.py ACT: a program to be scanned, right or wrong in one way. Prints "ready" when it is so, and goes on until it is killed.

server      echoes in an edge-triggered loop, with clients that never stop asking: right
prefork     a listener that two children of the same program have too: right
meant       a child that is told by its environment that it has a socket: right
leak        a child that nobody told
select      descriptors from 1024 on, and no epoll
listeners   three listeners of one port, with clients that nobody accepts
drained     the same, and none in their queues
end         reads the end of a connection again and again, and stays in the loop: level-triggered
poll        a pipe whose writer has left, in a poll that looks at POLLIN alone
writable    EPOLLOUT with nothing to write
blocked     an edge-triggered loop that reads from a socket which blocks
dontwait    the same with MSG_DONTWAIT, which is right
stall       a level-triggered loop that stands still in a read
growing     ever more pipes
flood       reads a byte each time that it is told, of a client that sends more than it reads: right
busy        computes, with a registration that is ready: no loop
cloexec     sockets made to be inherited, and no child
selecting   waits in a select on more than a set has room for
apart       a child that has its parent's event loop, and has closed what is registered there, which is the parent's business: right
served      a server that keeps three connections which its clients have closed
closed      three connections that the peer has closed: one of them to be ended, one that a child has too, one with something to read"""
import ctypes
import os
import select
import socket
import subprocess
import sys
import threading
import time


def listener(**flags):
    s = socket.socket()
    if flags.get("port") is not None:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", flags.get("port") or 0))
    s.listen(64)
    return s


def pair():
    with listener() as s:
        client = socket.create_connection(s.getsockname())
        return client, s.accept()[0]


def ready():
    print("ready", flush=True)


def for_ever():
    while True:
        time.sleep(1)


def echo_until_empty(s):
    try:
        while data := s.recv(4096):
            s.send(data)
    except BlockingIOError:
        pass


def ask(client):
    while True:
        client.send(b"x" * 100)
        client.recv(4096)


def server():
    loop = select.epoll()
    served = {}
    for _ in range(4):
        client, s = pair()
        s.setblocking(False)
        loop.register(s, select.EPOLLIN | select.EPOLLET)
        served[s.fileno()] = s
        threading.Thread(target=ask, args=(client,), daemon=True).start()
    ready()
    while True:
        for fd, _ in loop.poll():
            echo_until_empty(served[fd])


def prefork():
    s = listener()
    s.set_inheritable(True)
    for _ in range(2):
        if (child := os.fork()) == 0:
            for_ever()
        print("child", child, flush=True)
    ready()
    for_ever()


def meant():
    s = pair()[0]
    s.set_inheritable(True)
    with subprocess.Popen(["/bin/sleep", "60"], close_fds=False, env=dict(os.environ, LISTEN_FDS="1")) as child:
        print("child", child.pid)
        ready()
        for_ever()


def leak():
    kept = [pair()[0] for _ in range(3)]
    for s in kept:
        s.set_inheritable(True)
    with subprocess.Popen(["/bin/sleep", "60"], close_fds=False) as child:
        print("child", child.pid)
        ready()
        for_ever()


def beyond():
    kept = [os.dup2(0, 1024 + i) for i in range(7)]
    ready()
    select.select([0], [], [], 0)
    for_ever()
    return kept


def listeners(clients):
    first = listener(port=0)
    port = first.getsockname()[1]
    kept = [first, listener(port=port), listener(port=port)]
    kept += [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
    ready()
    for_ever()


def end():
    client, s = pair()
    loop = select.epoll()
    s.setblocking(False)
    loop.register(s, select.EPOLLIN)
    client.close()
    ready()
    while True:
        loop.poll()
        s.recv(1)


def poll():
    reader, writer = os.pipe()
    p = select.poll()
    p.register(reader, select.POLLIN)
    os.close(writer)
    ready()
    while True:
        p.poll()


def writable():
    client, s = pair()
    loop = select.epoll()
    loop.register(s, select.EPOLLIN | select.EPOLLOUT)
    ready()
    while client:
        loop.poll()


def blocked(flags):
    client, s = pair()
    loop = select.epoll()
    s.setblocking(True)
    loop.register(s, select.EPOLLIN | select.EPOLLET)
    client.send(b"x")
    loop.poll()
    s.recv(1)
    ready()
    try:
        s.recv(1, flags)
    except BlockingIOError:
        pass
    print("free", flush=True)
    loop.poll()


def stall():
    client, s = pair()
    loop = select.epoll()
    loop.register(s, select.EPOLLIN)
    client.send(b"x")
    loop.poll()
    ready()
    s.recv(2, socket.MSG_WAITALL)


def growing():
    kept = []
    ready()
    while True:
        kept.append(os.pipe())
        time.sleep(0.02)


def send_for_ever(client):
    while True:
        client.send(b"x" * 10000)


def flood():
    client, s = pair()
    loop = select.epoll()
    loop.register(s, select.EPOLLIN)
    threading.Thread(target=send_for_ever, args=(client,), daemon=True).start()
    ready()
    while True:
        loop.poll()
        s.recv(1)


def busy():
    client, s = pair()
    loop = select.epoll()
    loop.register(s, select.EPOLLIN)
    client.send(b"x")
    ready()
    n = 0
    while True:
        n += 1


def cloexec():
    kept = pair()
    kept[0].set_inheritable(True)
    ready()
    for_ever()


def selecting():
    kept = os.dup2(0, 1030)
    sets = (ctypes.c_char * 4096)()
    ready()
    while kept:
        ctypes.CDLL(None).select(1100, sets, None, None, None)


def apart():
    client, s = pair()
    loop = select.epoll()
    loop.register(s, select.EPOLLIN)
    if (child := os.fork()) == 0:
        s.close()
        for_ever()
    print("child", child, flush=True)
    time.sleep(0.2)
    ready()
    while client:
        loop.poll()


def served():
    kept = [listener()]
    for _ in range(3):
        with socket.create_connection(kept[0].getsockname()):
            kept.append(kept[0].accept()[0])
    ready()
    for_ever()


def closed():
    pairs = [pair() for _ in range(3)]
    kept = [s for _, s in pairs]
    pairs[2][0].send(b"x")
    for client, _ in pairs:
        client.close()
    kept[1].set_inheritable(True)
    with subprocess.Popen(["/bin/sleep", "60"], close_fds=False) as child:
        print("child", child.pid)
        ready()
        for_ever()


acts = {"server": server, "prefork": prefork, "meant": meant, "leak": leak, "select": beyond, "listeners": lambda: listeners(5), "drained": lambda: listeners(0), "end": end, "poll": poll,
        "writable": writable, "blocked": lambda: blocked(0), "dontwait": lambda: blocked(socket.MSG_DONTWAIT), "stall": stall, "growing": growing, "busy": busy, "flood": flood, "cloexec": cloexec,
        "selecting": selecting, "apart": apart, "served": served, "closed": closed}
acts[sys.argv[1]]()
