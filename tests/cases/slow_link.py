#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""slow_link.py CMD...: runs CMD, with {} replaced by a port, where a connection to that port of 127.0.0.1 takes 300 ms.

To be run in a network namespace of its own (unshare -n), as root. lo is given 18 kbit/s; two packets before the handshake use up what a
token bucket lets pass at once. Prints what CMD printed, and exits as CMD did; 99 if the link cannot be made."""
import socket
import subprocess
import sys

LINK = ["ip link set lo up", "tc qdisc add dev lo root tbf rate 18kbit burst 1600 limit 100000"]


def main():
    for command in LINK:
        if subprocess.call(command.split()):
            return 99
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    filler = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    filler.sendto(b"x" * 1500, ("127.0.0.1", 9))
    return subprocess.call([word.replace("{}", str(listener.getsockname()[1])) for word in sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
