# SPDX-License-Identifier: MIT
"""rough_server.py PORT DEAD RESET CUT SLOW EARLY: an asyncio HTTP server that passes on to upstreams of these ports; SIGTERM ends it."""
import asyncio, signal, sys

port, *upstreams = map(int, sys.argv[1:])
ports = dict(zip(("/dead", "/reset", "/cut", "/slow", "/early"), upstreams))
BIG = b"big\n" * 1000000


async def passed(path, writer):
    try:
        reader, upstream = await asyncio.open_connection("127.0.0.1", ports[path])
    except OSError:
        writer.write(b"HTTP/1.1 502 Gone\r\n\r\ngone")
        return
    said = False
    try:
        upstream.write(b"GET / HTTP/1.1\r\n\r\n")
        while part := await reader.read(65536):
            said = True
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        if said:
            writer.transport.abort()
    finally:
        upstream.close()
    if not said:
        writer.write(b"HTTP/1.1 502 Gone\r\n\r\ngone")


async def serve(reader, writer):
    try:
        while line := await reader.readline():
            method, path, _ = line.decode().split()
            headers = {}
            while (line := await reader.readline()).strip():
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            body = await reader.readexactly(length)
            if path in ports:
                await passed(path, writer)
                break
            out = BIG if path == "/big" else b"%d\n" % len(body) if method == "POST" else b"small\n"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(out) + out)
            await writer.drain()
            if headers.get("connection") == "close":
                break
    except (OSError, ValueError, asyncio.IncompleteReadError):
        pass
    writer.close()


class Refused(asyncio.DatagramProtocol):
    count = 0

    def error_received(self, error):
        Refused.count += 1


async def knock(loop):
    transport, _ = await loop.create_datagram_endpoint(Refused, remote_addr=("127.0.0.1", ports["/dead"]))
    while True:
        transport.sendto(b"anyone?")
        await asyncio.sleep(0.1)


async def killed():
    while True:
        cat = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        await asyncio.sleep(0.2)
        cat.kill()
        await cat.communicate()


async def main():
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, end.set)
    await asyncio.start_server(serve, "127.0.0.1", port, backlog=200)
    others = [asyncio.create_task(knock(loop)), asyncio.create_task(killed())]
    await end.wait()
    for task in others:
        task.cancel()
    print("refused" if Refused.count else "not refused")


asyncio.run(main())
