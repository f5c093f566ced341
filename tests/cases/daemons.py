#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""daemons.py FILE COUNT: the daemons that a swarm manager keeps connections to. Writes its port to FILE, and serves one manager.

The first connection gets a greeting, and long afterwards an answer. In between all others send a ping, and are to have their pong within the deadline: a manager whose
event loop is kept by the first connection has none until the answer comes. At the end the last connection is told how it went."""
import os
import socket
import sys
import time

DEADLINE = 2  # seconds; a loop that turns needs a few milliseconds


def pongs(connections):
    """How many answered until the deadline."""
    end = time.monotonic() + DEADLINE
    answered = 0
    for c in connections:
        c.settimeout(max(0.001, end - time.monotonic()))
        try:
            answered += c.recv(16) == b"pong\n"
        except OSError:
            pass
    return answered


def main(file, count):
    listener = socket.create_server(("127.0.0.1", 0), backlog=count)
    with open(file + ".new", "w", encoding="ascii") as f:
        f.write(str(listener.getsockname()[1]))
    os.rename(file + ".new", file)
    listener.settimeout(20)
    connections = [listener.accept()[0] for _ in range(count)]
    first, others = connections[0], connections[1:]
    first.sendall(b"hello\n")
    time.sleep(0.3)  # the manager hears it, and comes back for more
    for c in others:
        c.sendall(b"ping\n")
    answered = pongs(others)
    first.sendall(b"answer\n")
    time.sleep(0.1)
    first.close()
    verdict = "met" if answered == len(others) else "missed"
    others[-1].sendall(f"deadline {verdict}: {answered} of {len(others)} pings were answered in time\n".encode())
    others[-1].settimeout(20)
    while others[-1].recv(64):
        pass


main(sys.argv[1], int(sys.argv[2]))
