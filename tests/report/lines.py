# SPDX-License-Identifier: MIT
"""Lines of logs on standard output. hostile: what a program may put into its names. many N: as many places. fleet: two hosts, a tree of processes, samples."""
import json
import sys

EVIL = "</script><script>window.ran=1;alert(1)</script><img src=x onerror=window.ran=1>\"'`&lt;<!--\u202e\u2028\x1b[2J\u009b31m javascript:alert(1)"


def line(time, pid, id, level="warning", **more):
    head = {"v": 1, "time": "2026-11-21T" + time + "Z", "pid": pid, "tid": pid, "exe": "/usr/bin/shop", "guard": id.split(".")[0], "id": id, "level": level, "action": "reported",
            "message": "what happened"}
    print(json.dumps({**head, **more}))


def place(name, offset=16):
    return [{"object": "/usr/lib/libsdk.so", "offset": hex(offset), "symbol": name + "+0x1"}]


def hostile():
    evil_place = [{"object": "/" + EVIL, "offset": "0x1", "symbol": EVIL}]
    line("21:00:00.000", 7, "run.start", "note", exe="/" + EVIL, ppid=1, argv=["sh", EVIL])
    line("21:00:01.000", 7, "closewait.leak", exe="/" + EVIL, message=EVIL, count=3, peer=EVIL, local=EVIL, fix=EVIL, host=EVIL, kind=EVIL, created=evil_place, site=evil_place, open=5)
    line("21:00:01.000", 7, "made.up", exe="/" + EVIL, message=EVIL, fix=EVIL)
    line("21:00:02.000", 8, "run.uncovered", exe="/" + EVIL, message=EVIL)
    line(EVIL, 9, "epoll.spin", "error", message="w" * 3000, rate=5, fd=1)
    print("\0\0" + EVIL)
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\xff\xfe {\n" + b'{"a":' * 1000 + b"\n" + b"z" * 1000000 + b'\n{"v":1,"time":"2')


def many(n):
    for i in range(n):
        line("21:00:%02d.000" % (i % 60), 1000 + i % 9, "closewait.leak" if i % 2 else "cloexec.leaked", "warning" if i % 2 else "error", created=place("place_%d" % i, 16 * i),
             message="finding number %d" % i)


def fleet():
    for host in ("web1", "web2"):
        line("21:00:00.000", 10, "run.start", "note", host=host, ppid=1, argv=["shop", "--all"])
        for i in range(12):
            line("21:00:01.%03d" % i, 20 + i, "run.start", "note", host=host, ppid=10, exe="/bin/true", argv=["true"])
        line("21:00:02.000", 40, "run.start", "note", host=host, ppid=10, exe="/bin/child", argv=["child", "x"])
        line("21:00:03.000", 41, "run.uncovered", host=host, ppid=40, exe="/bin/static", message="static runs unguarded: it is statically linked")
        for i in range(5):
            line("21:%02d:00.000" % i, 40, "closewait.leak", host=host, exe="/bin/child", peer="10.0.0.%d:80" % (1 + i % 2), count=10 * i + 1, age_ms=61000, created=place("dial"),
                 message="%d sockets in CLOSE_WAIT" % (10 * i + 1), fix="close what is idle", open=100 * i)
            line("21:%02d:30.000" % i, 40, "run.sample", "note", host=host, exe="/bin/child", open=100 * i + 7, wakeups=6000 * i)
        line("21:05:00.000", 40, "run.end", "note", host=host, exe="/bin/child", findings=5)
        line("21:06:00.000", 10, "epoll.spin", "error", host=host, message="epoll_wait returns 5,000 times a second", rate=5000, fd=9, site=place("loop"))
        line("21:06:00.000", 10, "cloexec.forced", "note", host=host, created=place("open_all"))


{"hostile": hostile, "many": lambda: many(int(sys.argv[2])), "fleet": fleet}[sys.argv[1]]()
