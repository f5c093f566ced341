#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""in_only.py pipe|udp BEFORE SECONDS: a loop on select.epoll that registers for EPOLLIN, and looks at EPOLLIN.

The pipe's writer leaves; the UDP socket's peer is not there. From BEFORE seconds on it measures itself for SECONDS. Prints what it heard, and a line as event_loop.c does."""
import os
import resource
import select
import socket
import sys
import time

cause, before, window = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
epoll = select.epoll()
heard, idle = "nothing", 0
if cause == "pipe":
    reader, writer = os.pipe2(os.O_NONBLOCK)
    epoll.register(reader, select.EPOLLIN)
    os.close(writer)
else:
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there.bind(("127.0.0.1", 0))
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.setblocking(False)
    here.connect(there.getsockname())
    there.close()
    reader = here.fileno()
    epoll.register(reader, select.EPOLLIN)
    here.send(b"anybody?")


def hear():
    global heard
    try:
        if os.read(reader, 100) == b"":
            heard = "EOF"
            epoll.unregister(reader)
    except ConnectionRefusedError:
        heard = "ECONNREFUSED"
    except BlockingIOError:
        pass


def run_until(end):
    global idle
    while (left := end - time.monotonic()) > 0:
        for _, event in epoll.poll(left):
            if event & select.EPOLLIN:
                hear()
            else:
                idle += 1


def waited_for_cpu():
    try:
        with open("/proc/self/schedstat", encoding="ascii") as f:
            return int(f.read().split()[1]) / 1e9
    except FileNotFoundError:
        return 0


def measure():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), used.ru_utime + used.ru_stime, waited_for_cpu(), used.ru_nvcsw, idle


start = time.monotonic()
run_until(start + before)
while before:  # until it sleeps now and then, which takes longer on a machine with much else to do
    slept = measure()[3]
    run_until(time.monotonic() + 0.3)
    if measure()[3] > slept or time.monotonic() > start + before + 20:
        break
first = measure()
run_until(first[0] + window)
wall, cpu, waited, slept, turns = (b - a for a, b in zip(first, measure()))
print(f"heard {heard}")
print(f"measured: fd={reader} cpu={cpu * 1e3:.0f} busy={100 * (cpu + waited) / wall:.0f} core={100 * cpu / wall:.1f} slept={slept} idle={turns}")
