# SPDX-License-Identifier: MIT
"""200 subprocess.run calls in all of subprocess's ways: vfork, fork (preexec_fn), posix_spawn (close_fds=False), failures."""
import os, subprocess, tempfile

SH = "/bin/sh"


def plain(i):
    return dict(args=[SH, "-c", f"echo out {i}; echo err {i} >&2; exit {i % 7}"], capture_output=True)


def with_input(i):
    return dict(args=["cat"], input=b"x" * (i * 1000), capture_output=True)


def by_shell(i):
    return dict(args=f"echo $0 {i} | tr a-z A-Z; ls /proc/self/fd | wc -l", shell=True, capture_output=True)


def merged(i):
    return dict(args=[SH, "-c", "echo one >&2; echo two"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def own_env(i):
    return dict(args=["/usr/bin/printenv", "MARK"], env={"MARK": str(i)}, capture_output=True)


def own_dir(i):
    return dict(args=["pwd"], cwd="/usr", capture_output=True)


def forked(i):
    return dict(args=["sh", "-c", "umask"], preexec_fn=lambda: os.umask(0o27), capture_output=True)


def spawned(i):
    return dict(args=[SH, "-c", "ls /proc/self/fd | wc -l"], close_fds=False, stdout=subprocess.PIPE)


def new_session(i):
    return dict(args=["sh", "-c", "echo in a session of its own"], start_new_session=True, capture_output=True)


def missing(i):
    return dict(args=[f"/nonexistent/{i}"], capture_output=True)


def killed(i):
    return dict(args=["sh", "-c", "kill -TERM $$"], capture_output=True)


def slow(i):
    return dict(args=["sleep", "20"], timeout=0.05)


def to_file(i):
    f = tempfile.TemporaryFile()
    return dict(args=["sh", "-c", f"echo to a file {i}"], stdout=f, stderr=subprocess.DEVNULL)


def not_restored(i):
    return dict(args=["sh", "-c", "kill -PIPE $$; echo alive"], restore_signals=False, capture_output=True)


ways = [plain, with_input, by_shell, merged, own_env, own_dir, forked, spawned, new_session, missing, killed, to_file, not_restored, slow]


def show(i, way):
    try:
        r = subprocess.run(**way(i))
        out = r.stdout if r.stdout is None or len(r.stdout) < 100 else len(r.stdout)
        print(i, way.__name__, r.returncode, out, r.stderr)
    except subprocess.TimeoutExpired as e:
        print(i, way.__name__, "timed out", e.cmd)
    except OSError as e:
        print(i, way.__name__, type(e).__name__, e)


for i in range(200):
    show(i, ways[i % len(ways)])
print("open at the end:", sorted(os.listdir("/proc/self/fd"), key=int)[:-1])
