#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""terminal.py PREFIX…: a terminal, with somebody in front of it, for multitail, which is run behind the words of PREFIX.

multitail is to show what a slow command prints, and to end when a key says so. Prints what it did, and exits as it did, or with 1."""
import os
import pty
import select
import signal
import sys
import time

PATIENCE = 5  # seconds; a healthy multitail needs half of one
COMMAND = ["multitail", "-F", "/dev/null", "-l", "sleep 0.3; expr 617 \\* 6; sleep 5"]
LINE = b"3702"  # not in the command, which is shown as well


def read(screen, wanted):
    """Until it is there; False if the terminal is hung up first, or nothing more comes."""
    poll = select.poll()
    poll.register(screen, select.POLLIN)
    shown = b""
    while wanted not in shown:
        if not poll.poll(PATIENCE * 1000):
            return False
        try:
            shown += os.read(screen, 4096)
        except OSError:
            return False
    return True


def ended(pid):
    """The status, in the shell's words; None if it goes on."""
    for _ in range(PATIENCE * 20):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.05)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def main(prefix):
    pid, screen = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", LINES="24", COLUMNS="80")
        os.execvp((prefix + COMMAND)[0], prefix + COMMAND)
    print("the line was shown" if read(screen, LINE) else "the line was not shown")
    os.write(screen, b"q")
    status = ended(pid)
    if status == 0:
        print("it ended when it was told to")
        return 0
    print("it did not end" if status is None else "it was aborted" if os.waitstatus_to_exitcode(status) == 128 + signal.SIGABRT else "it failed")
    return 1


sys.exit(main(sys.argv[1:]))
