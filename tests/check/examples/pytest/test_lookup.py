# SPDX-License-Identifier: MIT
import subprocess


def test_says_hello():
    assert subprocess.run(["lookup"], capture_output=True, text=True).stdout == "hello\n"


def test_leaks_nothing(fdguard_check):
    done = fdguard_check(["lookup"], "--fail-on", "warning", capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout == "hello\n"
