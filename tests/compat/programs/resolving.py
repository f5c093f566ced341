# SPDX-License-Identifier: MIT
"""python3: names, by every way that it has."""
import asyncio
import socket
import threading


def show(what, ask):
    try:
        print(what, ask())
    except (OSError, UnicodeError) as e:
        print(what, type(e).__name__, e.args)


NAMES = ("ok.test", "chain.test", "many.test", "here", "nx.test", "nodata.test", "servfail.test", "192.0.2.7", "2001:db8::7", "", "a..b")
for name in NAMES:
    show(f"getaddrinfo {name}", lambda: socket.getaddrinfo(name, "http", type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME))
    show(f"AF_INET {name}", lambda: socket.getaddrinfo(name, 80, socket.AF_INET))
    show(f"gethostbyname {name}", lambda: socket.gethostbyname(name))
    show(f"gethostbyname_ex {name}", lambda: socket.gethostbyname_ex(name))
for address in ("192.0.2.1", "192.0.2.3", "2001:db8::1", "10.0.0.1"):
    show(f"gethostbyaddr {address}", lambda: socket.gethostbyaddr(address))
    show(f"getnameinfo {address}", lambda: socket.getnameinfo((address, 80), 0))
    show(f"getfqdn {address}", lambda: socket.getfqdn(address))


async def at_a_time():
    loop = asyncio.get_running_loop()
    names = [f"ok{i}.test" if i % 3 else f"nx{i}.test" for i in range(60)]
    for name, answer in zip(names, await asyncio.gather(*(loop.getaddrinfo(n, 80, type=socket.SOCK_STREAM) for n in names), return_exceptions=True)):
        print("asyncio", name, answer)
    print("asyncio", await loop.getnameinfo(("192.0.2.1", 80)))


asyncio.run(at_a_time())
found = []
threads = [threading.Thread(target=lambda i=i: found.append((i, socket.gethostbyname(f"ok{i}.test")))) for i in range(30)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("threads", sorted(found))
