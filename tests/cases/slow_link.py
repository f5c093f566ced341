#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""slow_link.py CMD...: runs CMD, with {} replaced by a port, where a connection to that port of 127.0.0.1 takes 300 ms.

To be run in a network namespace of its own (unshare -n), as root. lo is given a token bucket of 120 bytes: the SYN, 74 of them, passes at once, and its
answer waits until enough have come for another 74. Prints what CMD printed, and exits as CMD did; 99 if the link cannot be made."""
import socket
import subprocess
import sys

LINK = ["ip link set lo mtu 100 up", "tc qdisc add dev lo root tbf rate 750bit burst 120 limit 100000"]


def main():
    for command in LINK:
        if subprocess.call(command.split()):
            return 99
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    return subprocess.call([word.replace("{}", str(listener.getsockname()[1])) for word in sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
