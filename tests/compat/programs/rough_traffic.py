#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rough_traffic.py http|redis|memcached PORT: clients that reset, half-close, give up half-way, read slowly or not at all, and between them some
that behave; what these get is printed, the same each time. rough_traffic.py upstreams: servers of that kind; prints `reset PORT` and so on."""
import hashlib
import os
import socket
import struct
import sys
import threading
import time

HOLD = float(os.environ.get("HOLD", "1.6"))  # how long those hold on that do nothing: longer than what makes a spin
PATIENCE = float(os.environ.get("PATIENCE", "30"))  # how long one waits for an answer
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def connect(port, small=False):
    s = socket.socket()
    if small:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(PATIENCE)
    s.connect(("127.0.0.1", port))
    return s


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def rest(s, pause=0.0):
    data = bytearray()
    try:
        while part := s.recv(65536):
            data += part
            if pause:
                time.sleep(pause)
    except ConnectionError:
        data += b"(reset)"
    s.close()
    return bytes(data)


def exactly(s, n):
    data = b""
    while len(data) < n and (part := s.recv(n - len(data))):
        data += part
    return data


def short(data):
    return f"{len(data)} {hashlib.md5(data).hexdigest()[:8]}"


def at_once(*moves):
    """Runs moves at the same time; what they return is in their order."""
    results = [None] * len(moves)

    def run(i, move, args):
        try:
            results[i] = move(*args)
        except Exception as e:
            results[i] = repr(e)

    threads = [threading.Thread(target=run, args=(i, move, args)) for i, (move, *args) in enumerate(moves)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return [f"{move.__name__} {str(args[1:])[:60]}: {result}" for (move, *args), result in zip(moves, results) if result is not None]


# HTTP


def request(path, method="GET", close=True, extra=""):
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{'Connection: close' + chr(13) + chr(10) if close else ''}{extra}\r\n".encode()


def answer(data):
    head, _, body = data.partition(b"\r\n\r\n")
    status = int(head.split(None, 2)[1]) if head.startswith(b"HTTP/") else head[:40]
    # the sentences of errors are each server's own, and an answer that was cut has any length
    return f"{status} {short(body)}" if status == 200 and not body.endswith(b"(reset)") and b"cut" not in body[:3] else f"{status}"


def get(port, path):
    s = connect(port)
    s.sendall(request(path))
    return answer(rest(s))


def half_closed(port, path):
    # nothing large: whoever has to wait before it can send the rest may take this for a client that left, as nginx does
    s = connect(port)
    s.sendall(request(path))
    s.shutdown(socket.SHUT_WR)
    return answer(rest(s))


def in_bytes(port, path):
    s = connect(port)
    for byte in request(path):
        s.sendall(bytes([byte]))
        time.sleep(0.002)
    return answer(rest(s))


def slow_reader(port, path):
    s = connect(port, small=True)
    s.sendall(request(path))
    return answer(rest(s, pause=0.001))


def upload(port, path):
    s = connect(port)
    s.sendall(request(path, "POST", extra="Content-Length: 300000\r\n"))
    for _ in range(30):
        s.sendall(b"u" * 10000)
    return answer(rest(s))


def kept_alive(port, path):
    s, got = connect(port), 0
    for _ in range(2):
        s.sendall(request(path, close=False))
        data = b""
        while not data.endswith(b"small\n") and (part := s.recv(65536)):
            data += part
        got += bool(data)
        time.sleep(HOLD / 2)
    s.close()
    return got


def breaks_off(port, sends, reads, gently, hold):
    """Nothing is printed of it: what it reads, and when the server notices, is up to chance."""
    s = connect(port, small=hold > 0)
    try:
        s.sendall(sends)
        if reads:
            exactly(s, reads)
        if gently == "half":
            s.shutdown(socket.SHUT_WR)
        time.sleep(hold)
    except OSError:
        pass
    s.close() if gently else reset(s)


def rough_http(port):
    part, post = request("/small")[:25], request("/upload", "POST", extra="Content-Length: 1000000\r\n")
    moves = [(breaks_off, port, sends, reads, gently, hold)
             for sends, reads, hold in ((b"", 0, 0), (part, 0, 0), (post + b"u" * 70000, 0, 0), (request("/big"), 4096, 0), (request("/slow"), 0, 0.05),
                                        (request("/big"), 100, HOLD), (part, 0, HOLD), (post + b"u" * 1000, 0, HOLD), (request("/slow"), 0, HOLD))
             for gently in ("", "gently", "half")]
    return moves


def http(port):
    for n in range(ROUNDS):
        moves = [(get, port, "/small"), (get, port, "/big"), (get, port, "/dead"), (get, port, "/reset"), (get, port, "/cut"), (get, port, "/slow"),
                 (get, port, "/early"), (half_closed, port, "/small"), (in_bytes, port, "/small"),
                 (slow_reader, port, "/big"), (slow_reader, port, "/early"), (upload, port, "/upload"), (kept_alive, port, "/small")]
        yield from at_once(*moves, *rough_http(port))


# redis and memcached: both answer one line to one line


def talks(port, *lines):
    s = connect(port)
    got = []
    with s.makefile("rwb") as f:
        for line, replies in lines:
            f.write(line)
            f.flush()
            got.append(b"|".join(f.readline().strip() for _ in range(replies)).decode())
    s.close()
    return got


def pipelined_and_half_closed(port, lines):
    s = connect(port)
    s.sendall(lines)
    s.shutdown(socket.SHUT_WR)
    return short(rest(s))


def listens(port, line, other, reply):
    """A connection that waits for what another one causes."""
    s = connect(port)
    s.sendall(line)
    time.sleep(0.1)
    talks(port, (other, 1))
    data = b""
    while reply not in data and (part := s.recv(65536)):
        data += part
    s.close()
    return reply.decode()


def redis(port):
    value = b"v" * 200000
    set_it = b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$200000\r\n" + value + b"\r\n"
    for n in range(ROUNDS):
        moves = [(talks, port, (b"SET a 1\r\n", 1), (b"INCR a\r\n", 1), (b"PING\r\n", 1), (b"NONSENSE\r\n", 1), (b"QUIT\r\n", 1)),
                 (pipelined_and_half_closed, port, b"PING\r\n" * 1000), (listens, port, b"SUBSCRIBE news\r\n", b"PUBLISH news paper\r\n", b"paper"),
                 (listens, port, b"BLPOP queue%d 5\r\n" % n, b"RPUSH queue%d item\r\n" % n, b"item"), (talks, port, (set_it, 1))]
        rough = [(breaks_off, port, sends, reads, gently, hold)
                 for sends, reads, hold in ((b"", 0, 0), (b"*3\r\n$3\r\nSET\r\n$3", 0, 0), (set_it[:100000], 0, 0), (b"GET big\r\n" * 50, 4096, 0), (b"SUBSCRIBE news\r\n", 5, HOLD),
                                            (b"BLPOP nothing 0\r\n", 0, HOLD), (b"MONITOR\r\n", 5, HOLD), (b"GET big\r\n" * 50, 4096, HOLD), (b"*3\r\n$3", 0, HOLD))
                 for gently in ("", "gently", "half")]
        talks(port, (set_it, 1))
        yield from at_once(*moves, *rough)


def memcached(port):
    value = b"v" * 200000
    set_it = b"set big 0 0 200000\r\n" + value + b"\r\n"
    for n in range(ROUNDS):
        talks(port, (set_it, 1))
        moves = [(talks, port, (b"set a 0 0 1\r\n1\r\n", 1), (b"incr a 1\r\n", 1), (b"get a\r\n", 3), (b"nonsense\r\n", 1), (b"delete a\r\n", 1)),
                 (pipelined_and_half_closed, port, b"get nothing\r\n" * 1000), (talks, port, (set_it, 1))]
        rough = [(breaks_off, port, sends, reads, gently, hold)
                 for sends, reads, hold in ((b"", 0, 0), (b"get a", 0, 0), (set_it[:100000], 0, 0), (b"get big\r\n" * 50, 4096, 0), (b"get big\r\n" * 50, 4096, HOLD),
                                            (b"set a 0 0 10\r\n12", 0, HOLD), (b"get a", 0, HOLD), (b"watch fetchers\r\n", 2, HOLD))
                 for gently in ("", "gently", "half")]
        # more connections than it takes: the listener rests until some have gone
        crowd = [(breaks_off, port, b"", 0, "gently", HOLD) for _ in range(40)]
        yield from at_once(*moves, *rough, *crowd)


# upstreams


def serve(s, act):
    def one(c):
        try:
            c.recv(65536)
            act(c)
        except OSError:
            c.close()

    while True:
        c, _ = s.accept()
        threading.Thread(target=one, args=(c,), daemon=True).start()


def ok(body, length=None):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (length or len(body)) + body


def cut(c):
    c.sendall(ok(b"cut" * 1000, 1000000))
    time.sleep(0.1)
    reset(c)


def slow(c):
    time.sleep(0.4)
    c.sendall(ok(b"slow\n"))
    c.close()


def early(c):
    c.sendall(ok(b"early\n" * 100000))
    c.shutdown(socket.SHUT_WR)
    rest(c)


def upstreams():
    parent, kept = os.getppid(), []
    for name, act in ("dead", None), ("reset", reset), ("cut", cut), ("slow", slow), ("early", early):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        kept.append(s)
        if act:  # or a number that nobody else gets, and nobody listens on
            s.listen(200)
            threading.Thread(target=serve, args=(s, act), daemon=True).start()
        print(name, s.getsockname()[1], flush=True)
    while os.getppid() == parent:
        time.sleep(0.5)


if sys.argv[1] == "upstreams":
    upstreams()
else:
    for line in {"http": http, "redis": redis, "memcached": memcached}[sys.argv[1]](int(sys.argv[2])):
        print(line)
