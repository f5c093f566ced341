# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Job control at a terminal, of a supervised program and of one in a supervised shell, is what it is without us.
. "$FDG_SRC/tests/supervise/lib.sh"
need python3 bash

jobs="python3 $FDG_SRC/tests/supervise/jobs.py"
timeout 60 $jobs bash --norc --noprofile -i -- "$acts" tty >bare 2>&1
same "without us" "exit 5" "$(tail -n 1 bare)"
timeout 60 $jobs bash --norc --noprofile -i -- "$supervise" "$acts" acts tty >program 2>&1
same "Ctrl-C, Ctrl-Z, Ctrl-\\, fg, bg, kill and a new size of the terminal reach a supervised program" "$(cat bare)" "$(cat program)"
timeout 60 $jobs "$supervise" "$bash" bash --norc --noprofile -i -- "$acts" tty >shell 2>&1
same "and one that a supervised shell starts" "$(cat bare)" "$(cat shell)"

# A terminal that closes.
cat >hang.py <<'P'
import os, pty, signal, sys, time
pid, tty = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while b'ready' not in os.read(tty, 100):
    pass
os.close(tty)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
P
same "a terminal that closes ends it by SIGHUP" "$(timeout 20 python3 hang.py "$acts" tty)" "$(timeout 20 python3 hang.py "$supervise" "$acts" acts tty)"

finish
