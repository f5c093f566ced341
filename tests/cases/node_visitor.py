#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""node_visitor.py PREFIX…: starts node_passes.js behind PREFIX, and visits it twice: the first visitor lets the server's data wait until the second has had its
answer. Prints whether it had, and how the server ended."""
import os
import socket
import subprocess
import sys

DEADLINE = 2  # seconds; a loop that turns needs a few milliseconds

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_passes.js")
server = subprocess.Popen(sys.argv[1:] + ["node", script], stdout=subprocess.PIPE)
address = ("127.0.0.1", int(server.stdout.readline()))
first = socket.create_connection(address)
left = (32 << 20) - len(first.recv(1))  # the child was started
second = socket.create_connection(address, DEADLINE)
second.sendall(b"ping\n")
try:
    print("deadline met:", second.recv(16).decode().strip())
except TimeoutError:
    print("deadline missed: the server writes, and does nothing else")
while left:
    left -= len(first.recv(1 << 20))
first.close()  # cat ends
second.close()
print("status", server.wait(20))
