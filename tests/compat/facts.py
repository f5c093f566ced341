#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""facts.py FILE [ARG...]: writes to FILE what the kernel handed to this process, but for what the launcher is there to change."""
import os
import sys

OURS = (b"LD_PRELOAD=", b"FDGUARD_OPTIONS=", b"FDGUARD_NOTE=")


def read(name):
    with open("/proc/self/" + name, "rb") as f:
        return f.read()


def descriptors():
    for fd in range(4096):
        try:
            target = os.readlink(f"/proc/self/fd/{fd}")
            with open(f"/proc/self/fdinfo/{fd}") as f:
                # stdout and stderr move on when something is said
                wanted = ("flags",) if fd in (1, 2) else ("flags", "pos")
                flags = [line for line in f.read().splitlines() if line.startswith(wanted)]
        except OSError:
            continue
        yield fd, target, flags


lines = [("fd", *facts) for facts in descriptors()]
lines.append(("argv", read("cmdline")))
lines += [("env", entry) for entry in sorted(read("environ").split(b"\0")) if not entry.startswith(OURS)]
lines += [("status", line) for line in read("status").split(b"\n") if line.startswith((b"SigBlk", b"SigIgn", b"Umask", b"NoNewPrivs", b"PPid", b"NSpgid", b"NSsid"))]
lines.append(("limits", read("limits")))
try:
    lines.append(("cwd", os.readlink("/proc/self/cwd")))
except OSError as error:
    lines.append(("cwd", error))
with open(sys.argv[1], "w", errors="surrogateescape") as f:
    for line in lines:
        print(*map(repr, line), file=f)
