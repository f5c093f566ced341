#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""servers.py DIR: the peers of the field cases, on loopback and on ports that the kernel chooses.

Writes DIR/ports, a line NAME=PORT for each, when all of them listen, and serves until it is ended or its parent is.
  http   answers any GET with a small page, 300 ms late: the client really waits
  ftp    anonymous, passive, one file, the greeting 300 ms late
  rsync  rsync's daemon, one module `files` (only if rsync is installed)
  echo   sends back what it gets, each piece 300 ms late
  radio  a stream of MP3 frames (silence), its head and its first frame 300 ms late each
  slow   a full accept queue: the kernel drops a client's first SYN, so that a connect takes one second (the retransmission)
  closed a port where nobody listens"""
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

LOOPBACK = "127.0.0.1"
DELAY = 0.3
PAGE = "<p>hello from a slow server</p>\n"
FILE = "hello from a slow server\n"
FRAMES = 400 * (b"\xff\xfb\x90\x00" + bytes(413))


def listener(backlog=64):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.bind((LOOPBACK, 0))
    s.listen(backlog)
    return s


def guest(serve, connection):
    with connection:
        try:
            serve(connection)
        except OSError:
            pass  # a probe that dies is what this is for


def accept_loop(server, serve):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=guest, args=(serve, connection), daemon=True).start()


def read_request(connection):
    """Up to the empty line; b"" if the client leaves before."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(4096)
        if not piece:
            return b""
        request += piece
    return request


def http(connection):
    request = read_request(connection)
    if not request:
        return
    time.sleep(DELAY)
    body = b"" if request.startswith(b"HEAD") else PAGE.encode()
    head = f"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode() + body)


def radio(connection):
    if not read_request(connection):
        return
    time.sleep(DELAY)
    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name: slow\r\n\r\n")
    time.sleep(DELAY)
    connection.sendall(FRAMES)


def echo(connection):
    while piece := connection.recv(4096):
        time.sleep(DELAY)
        connection.sendall(piece)


class Ftp:
    """As much of FTP as `get` and `cat` need."""

    ANSWERS = {
        "USER": "331 any password will do", "PASS": "230 welcome", "PWD": '257 "/"', "TYPE": "200 done", "CWD": "250 done",
        "SYST": "215 UNIX Type: L8", "SIZE": f"213 {len(FILE)}", "MDTM": "213 20140701000000", "NOOP": "200 done",
    }

    def __init__(self, connection):
        self.connection = connection
        self.passive = None
        self.say("220 ready", DELAY)

    def say(self, line, delay=0.0):
        time.sleep(delay)
        self.connection.sendall(line.encode() + b"\r\n")

    def open_passive(self, extended):
        self.passive = listener()
        port = self.passive.getsockname()[1]
        if extended:
            return f"229 Entering Extended Passive Mode (|||{port}|)"
        return f"227 Entering Passive Mode ({LOOPBACK.replace('.', ',')},{port >> 8},{port & 255})"

    def transfer(self, text):
        self.say("150 here it comes")
        data, _ = self.passive.accept()
        with data:
            time.sleep(DELAY)
            data.sendall(text.encode())
        self.passive.close()
        self.say("226 done")

    def obey(self, verb):
        if verb in ("PASV", "EPSV"):
            self.say(self.open_passive(verb == "EPSV"))
        elif verb == "RETR":
            self.transfer(FILE)
        elif verb in ("LIST", "MLSD"):
            self.transfer(f"-rw-r--r-- 1 ftp ftp {len(FILE)} Jul  1  2014 hello.txt\r\n")
        else:
            self.say(self.ANSWERS.get(verb, "502 not here"))


def ftp(connection):
    session = Ftp(connection)
    for line in connection.makefile("r", newline="\r\n"):
        verb = line.split()[0].upper() if line.split() else ""
        if verb == "QUIT":
            session.say("221 bye")
            return
        session.obey(verb)


def rsync_daemon(directory):
    """rsync does not say which port it got, so we listen and hand it each connection as inetd would."""
    files = os.path.join(directory, "files")
    os.makedirs(files, exist_ok=True)
    with open(os.path.join(files, "hello.txt"), "w") as f:
        f.write(FILE)
    os.utime(os.path.join(files, "hello.txt"), (1404172800, 1404172800))
    config = os.path.join(directory, "rsyncd.conf")
    with open(config, "w") as f:
        f.write("use chroot = no\nreverse lookup = no\n")
        if os.getuid() == 0:
            f.write("uid = 0\ngid = 0\n")  # the directory is nobody else's
        f.write(f"log file = {directory}/rsyncd.log\n[files]\n path = {files}\n")

    def serve(connection):
        time.sleep(DELAY)
        subprocess.run(["rsync", "--daemon", "--config", config], stdin=connection, stdout=connection, stderr=subprocess.DEVNULL, check=False)

    return serve


def connecting(port):
    """The local ports of sockets that are in the middle of a connect to this port."""
    syn_sent, ours = "02", f"0100007F:{port:04X}"
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f][1:]
    return {row[1] for row in rows if row[2] == ours and row[3] == syn_sent}


def wait_for_patience(port):
    """Until a client has been connecting for a while. One that gave up at once is not waited for, and finds nothing changed next time."""
    first_seen = {}
    while True:
        now = time.monotonic()
        first_seen = {client: first_seen.get(client, now) for client in connecting(port)}
        if any(now - since >= DELAY for since in first_seen.values()):
            return
        time.sleep(0.05)


def slow(server):
    """A worker that is busy: its queue of one is full, and is emptied only when a client that was turned away is still there."""
    while True:
        filler = socket.create_connection(server.getsockname())
        wait_for_patience(server.getsockname()[1])
        server.accept()[0].close()
        filler.close()
        server.settimeout(2)
        try:
            client, _ = server.accept()  # the retransmitted SYN
        except TimeoutError:
            continue
        finally:
            server.settimeout(None)
        client.settimeout(5)
        threading.Thread(target=guest, args=(lambda c: c.recv(1), client), daemon=True).start()


def start(name, serve, ports, backlog=64):
    server = listener(backlog)
    ports[name] = server.getsockname()[1]
    target, args = (slow, (server,)) if name == "slow" else (accept_loop, (server, serve))
    threading.Thread(target=target, args=args, daemon=True).start()


def main():
    directory = sys.argv[1]
    parent = os.getppid()
    ports = {}
    start("http", http, ports)
    start("ftp", ftp, ports)
    start("echo", echo, ports)
    start("radio", radio, ports)
    start("slow", None, ports, backlog=0)
    if shutil.which("rsync"):
        start("rsync", rsync_daemon(directory), ports)
    unused = socket.socket()
    unused.bind((LOOPBACK, 0))  # bound, never listening: kept from others while we live
    ports["closed"] = unused.getsockname()[1]
    with open(os.path.join(directory, "ports.new"), "w") as f:
        f.writelines(f"{name}={port}\n" for name, port in ports.items())
    os.rename(os.path.join(directory, "ports.new"), os.path.join(directory, "ports"))
    while os.getppid() == parent:
        time.sleep(0.5)


main()
