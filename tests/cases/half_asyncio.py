#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""half_asyncio.py: a connection that a thread reads in the old way, and asyncio writes to, through a copy.

asyncio makes what it is given non-blocking, and with it the original. Prints what the thread reads, or how that failed."""
import asyncio
import socket
import threading

here, there = socket.socketpair()
ready, done = threading.Event(), threading.Event()


def reader():
    ready.wait()
    try:
        print("the thread read:", here.recv(16).decode())
    except OSError as e:
        print(f"the thread failed: {type(e).__name__}: {e}")
    done.set()


def answer_later():
    there.sendall(there.recv(16).upper())


async def main():
    _, writer = await asyncio.open_connection(sock=here.dup())
    writer.transport.pause_reading()  # that is the thread's
    ready.set()
    await asyncio.sleep(0.2)  # a recv() that does not wait is over by now
    writer.write(b"hello")
    await writer.drain()
    await asyncio.get_running_loop().run_in_executor(None, answer_later)
    await asyncio.get_running_loop().run_in_executor(None, done.wait)
    writer.close()


thread = threading.Thread(target=reader)
thread.start()
asyncio.run(main())
thread.join()
