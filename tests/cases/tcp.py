#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tcp.py HOST PORT [timeout|select|libc]: the TCP port probe of case 1.

timeout  settimeout + connect_ex, the incident's own lines. Python waited in select then; Python 3 waits in poll and is safe.
select   the same by hand: a non-blocking connect, select.select, and connect again to learn the outcome.
libc     the same once more, with what Python's C code did at the time of the incident in place of select.select: a set of 1,024 bits,
         the timeout behind it in memory, nobody who checks, and libc's select.
Prints `open`, or the name of what came out; exits 0 if the port is open, else 1."""
import ctypes
import errno
import select
import socket
import sys


def by_timeout(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(5)
    return s.connect_ex(address)


def by_hand(address, wait_writable):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(False)
    err = s.connect_ex(address)
    if err == errno.EINPROGRESS:
        if not wait_writable(s.fileno(), 5):
            return errno.ETIMEDOUT
        err = s.connect_ex(address)
    return 0 if err == errno.EISCONN else err


def select_select(fd, seconds):
    return select.select([], [fd], [], seconds)[1]


class Stack(ctypes.Structure):
    """fd_set fds; struct timeval tv; and some more of the caller's stack."""

    _fields_ = [("fds", ctypes.c_ubyte * 128), ("tv", ctypes.c_long * 2), ("rest", ctypes.c_ubyte * 4096)]


def select_libc(fd, seconds):
    stack = Stack()
    stack.tv[0] = seconds
    memory = ctypes.cast(ctypes.pointer(stack), ctypes.POINTER(ctypes.c_ubyte))
    memory[fd // 8] |= 1 << fd % 8  # FD_SET(fd, &fds)
    return ctypes.CDLL(None).select(fd + 1, None, ctypes.byref(stack.fds), None, ctypes.byref(stack.tv))


MODES = {
    "timeout": by_timeout,
    "select": lambda address: by_hand(address, select_select),
    "libc": lambda address: by_hand(address, select_libc),
}


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    probe = MODES[(sys.argv[3:] or ["timeout"])[0]]
    try:
        err = probe((host, port))
    except (OSError, ValueError) as e:
        print(f"{type(e).__name__}: {e}")
        return 1
    print("open" if err == 0 else errno.errorcode.get(err, err))
    return 0 if err == 0 else 1


sys.exit(main())
