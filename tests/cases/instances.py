#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""instances.py FILE COUNT: service B of case 2, COUNT instances of it at 127.0.0.2, 127.0.0.3 and so on, on one port, which is written to FILE. Each answers what it gets.

SIGUSR1: the nightly replacement. All instances but the last go: their listeners and all of their connections are closed.
SIGUSR2: they say that they have nothing more to send (shutdown), and read on. SIGTERM: all end."""
import os
import selectors
import signal
import socket
import sys


class Instances:
    def __init__(self, count):
        self.selector = selectors.EpollSelector()
        self.connections = {}  # instance -> its sockets
        self.port = 0
        for i in range(count):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((f"127.0.0.{i + 2}", self.port))
            listener.listen(1024)
            listener.setblocking(False)
            self.port = listener.getsockname()[1]
            self.connections[i] = [listener]
            self.selector.register(listener, selectors.EVENT_READ, i)

    def retired(self):
        return [s for i, sockets in self.connections.items() if i < len(self.connections) - 1 for s in sockets]

    def replace(self, *_):
        for s in self.retired():
            if s.fileno() >= 0:
                self.selector.unregister(s)
                s.close()

    def half_close(self, *_):
        for s in self.retired():
            try:
                s.shutdown(socket.SHUT_WR)
            except OSError:  # a listener
                pass

    def accept(self, listener, instance):
        connection = listener.accept()[0]
        connection.setblocking(False)
        self.connections[instance].append(connection)
        self.selector.register(connection, selectors.EVENT_READ, instance)

    def answer(self, s):
        """False: its client has no more questions."""
        try:
            data = s.recv(4096)
            if data:
                s.send(data)
            return bool(data)
        except BrokenPipeError:  # it has nothing more to say
            return True
        except OSError:
            return False

    def serve(self, s, instance):
        if s is self.connections[instance][0]:
            self.accept(s, instance)
        elif not self.answer(s):
            self.selector.unregister(s)
            s.close()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj.fileno() >= 0:
                    self.serve(key.fileobj, key.data)


def main(file, count):
    instances = Instances(count)
    wake = socket.socketpair()
    wake[1].setblocking(False)
    signal.signal(signal.SIGUSR1, instances.replace)
    signal.signal(signal.SIGUSR2, instances.half_close)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with open(file + ".new", "w", encoding="ascii") as f:
        f.write(str(instances.port))
    os.rename(file + ".new", file)
    instances.run()


main(sys.argv[1], int(sys.argv[2]))
