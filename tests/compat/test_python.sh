# SPDX-License-Identifier: MIT
# shellcheck shell=sh
. "$FDG_SRC/tests/compat/compare.sh"
need /usr/bin/python3

compare "200 subprocess.run calls" 0 /usr/bin/python3 "$programs/subprocess_200.py"
compare "multiprocessing, asyncio, sockets, pty" 0 /usr/bin/python3 "$programs/processes.py"

finish
