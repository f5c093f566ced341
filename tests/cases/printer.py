#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""printer.py PREFIX…: inetd, a client and a printer for p910nd, which is run behind the words of PREFIX.

The printer is a terminal. The client sends a page, and p910nd is to hand it to the printer; then the printer says something, and p910nd is to hand that to
the client. Prints what arrived. Exits as p910nd did; with 1 if something did not arrive."""
import os
import select
import signal
import socket
import subprocess
import sys
import tty

PATIENCE = 1.5  # seconds; a healthy p910nd needs a tenth of one at most


def arrived(fd, line):
    """Reads until the line is there; False if it does not come."""
    got = b""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while line not in got:
        if not poll.poll(PATIENCE * 1000):
            return False
        piece = os.read(fd, 4096)
        if not piece:
            return False
        got += piece
    return True


def connected_pair():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        return client, server.accept()[0]


def main(prefix):
    printer, port = os.openpty()
    tty.setraw(port)
    client, served = connected_pair()
    with served:
        command = prefix + ["p910nd", "-b", "-f", os.ttyname(port)]
        daemon = subprocess.Popen(command, stdin=served, stdout=served, start_new_session=True)
    client.sendall(b"a page\n")
    printed = arrived(printer, b"a page\n")
    print("the printer got the page" if printed else "the printer got nothing")
    os.write(printer, b"out of paper\n")
    told = arrived(client.fileno(), b"out of paper\n")
    print("the client got the printer's answer" if told else "the client got no answer", flush=True)
    client.close()
    try:
        status = daemon.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(daemon.pid, signal.SIGKILL)
        status = daemon.wait()
    return status or int(not (printed and told))


sys.exit(main(sys.argv[1:]))
