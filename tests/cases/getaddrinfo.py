# SPDX-License-Identifier: MIT
# getaddrinfo.py FILE N THREADS: looks up the first N names of FILE, and prints a line for each: name, and addresses or a word. What it took goes to standard error,
# in seconds.
import concurrent.futures
import itertools
import socket
import sys
import time

WORDS = {socket.EAI_NONAME: "noname", socket.EAI_NODATA: "nodata"}


def look_up(name):
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as e:
        return WORDS.get(e.errno, "failed")
    return " ".join(entry[4][0] for entry in found)


with open(sys.argv[1]) as f:
    names = [line.strip() for line in itertools.islice(f, int(sys.argv[2]))]
threads = int(sys.argv[3])
start = time.monotonic()
if threads == 1:
    results = [look_up(name) for name in names]
else:
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(look_up, names))
print("%.2f" % (time.monotonic() - start), file=sys.stderr)
for name, result in zip(names, results):
    print(name, result, sep="\t")
