# SPDX-License-Identifier: MIT
"""daemon.py SOCKET FILE [deaf]: binds SOCKET for datagrams and appends each to FILE, as its length and its bytes, until it is ended. deaf: takes none, and its queue is full."""
import os
import socket
import struct
import sys
import time

s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
if len(sys.argv) > 3:
    full = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    full.setblocking(False)
    try:
        while True:
            full.sendto(b"x", sys.argv[1])
    except BlockingIOError:
        pass
out = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
while len(sys.argv) > 3:
    time.sleep(60)
while True:
    data = s.recv(1 << 20)
    os.write(out, struct.pack("<I", len(data)) + data)
