# SPDX-License-Identifier: MIT
"""server.py [PEERS]: keeps connections that their peers have closed, five to one address and one to each of PEERS more, and two accepted ones; 4 UDP sockets, 3 pipes, an epoll and a file.
Writes what it has to standard output, as "name=value" lines, and works until standard input ends."""
import os
import select
import socket
import sys
import time

kept = []


def listener(host):
    s = socket.socket()
    s.bind((host, 0))
    s.listen(64)
    return s


def connect_and_be_left(s, times):
    for _ in range(times):
        kept.append(socket.create_connection(s.getsockname()))
        s.accept()[0].close()


def accept_and_be_left(s, times):
    for _ in range(times):
        with socket.create_connection(s.getsockname()):
            kept.append(s.accept()[0])


first = listener("127.0.0.1")
print("first=%s:%d" % first.getsockname())
connect_and_be_left(first, 5)
for i in range(int(sys.argv[1]) if len(sys.argv) > 1 else 0):
    other = listener("127.0.1.%d" % (i + 1))
    connect_and_be_left(other, 1)
    other.close()
accept_and_be_left(first, 2)
kept += [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
kept += [os.pipe() for _ in range(3)]
kept += [select.epoll(), open("/etc/passwd")]
print("pid=%d" % os.getpid())
print("open=%d" % (len(os.listdir("/proc/self/fd")) - 1), flush=True)
turns = 0
while not select.select([0], [], [], 0.02)[0]:
    turns += 1
print("turns=%d" % turns)
