#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""first_line.py: prints the first line of standard input, as an asyncio program reads it, and leaves the rest to whoever comes next.

asyncio makes what it reads from non-blocking, and leaves it so."""
import asyncio
import sys


async def main():
    reader = asyncio.StreamReader(limit=16)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print("asyncio read:", (await reader.readline()).decode(), end="")


asyncio.run(main())
