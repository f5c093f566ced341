# SPDX-License-Identifier: MIT
"""fdguard_check(command, *options): runs command under `fdguard check`, and fails the test with fdguard's summary if there are findings.

Returns what subprocess.run returns; command's own exit status is the test's to judge. Further options of subprocess.run go by name.
"""
import json
import os
import subprocess

import pytest


@pytest.fixture
def fdguard_check(tmp_path):
    def check(command, *options, **how):
        out = tmp_path / "fdguard"
        (out / "findings.json").unlink(missing_ok=True)
        line = [os.environ.get("FDGUARD", "fdguard"), "check", "--out", out, "--log", out.with_suffix(".txt"), *options, "--", *command]
        done = subprocess.run(line, **how)
        assert (out / "findings.json").exists(), f"fdguard check did not run (status {done.returncode})"
        run = json.loads((out / "findings.json").read_text())
        if run["problems"] or any(finding["fails"] for finding in run["findings"]):
            pytest.fail((out / "summary.txt").read_text(), pytrace=False)
        return done

    return check
