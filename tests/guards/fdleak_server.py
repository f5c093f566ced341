#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""fdleak_server.py serve FILE: a server that opens a file for each request and keeps it. Writes its port to FILE.
fdleak_server.py load PORT: asks it all the time, with a connection for each question. Both end on SIGTERM, or after 30 s."""
import os
import signal
import socketserver
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler

kept = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        kept.append(open("/etc/passwd", "rb"))  # pylint: disable=consider-using-with
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(file):
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        with open(file + ".new", "w", encoding="ascii") as f:
            f.write(str(server.server_address[1]))
        os.rename(file + ".new", file)
        server.serve_forever()


def load(port):
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/"):
            time.sleep(0.005)


signal.alarm(30)
(serve if sys.argv[1] == "serve" else load)(sys.argv[2])
