#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""closewait_web.py FILE: a web server on 127.0.0.1, whose port is written to FILE, that closes a connection on which nothing is asked for 0.3 s.
closewait_web.py pool|client PORT: asks it three times with pauses of 2.5 s, in which the program goes on, through urllib3's pool or a http.client that is closed when it is done."""
import http.client
import http.server
import os
import select
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 0.3

    def do_GET(self):
        body = f"you asked for {self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(file):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(file + ".new", "w", encoding="ascii") as f:
        f.write(str(server.server_port))
    os.rename(file + ".new", file)
    server.serve_forever()


def by_pool(port):
    import urllib3

    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(port), maxsize=2)
    return lambda path: pool.request("GET", path).data


def by_client(port):
    def get(path):
        c = http.client.HTTPConnection("127.0.0.1", int(port))
        c.request("GET", path)
        body = c.getresponse().read()
        c.close()
        return body

    return get


def ask(get):
    for i in range(3):
        print(get(f"/{i}").decode(), end="", flush=True)
        end = time.monotonic() + (2.5 if i < 2 else 0)
        while time.monotonic() < end:
            select.select([], [], [], 0.05)


if len(sys.argv) == 2:
    serve(sys.argv[1])
else:
    ask({"pool": by_pool, "client": by_client}[sys.argv[1]](sys.argv[2]))
