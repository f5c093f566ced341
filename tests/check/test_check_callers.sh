# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What check's caller leaked into it is nobody's fault in the tree; CMD gets it all the same. A number alone does not excuse a leak.
. "$FDG_SRC/tests/check/lib.sh"
need python3

echo 'run.uncovered exe:check-static' >accepted
cat >reuse.py <<'EOF'
import ctypes, os, subprocess
os.close(7)
libc = ctypes.CDLL(None)
below = []
while (fd := libc.socket(2, 2, 0)) < 7:
    below.append(fd)
assert fd == 7
for b in below:
    libc.close(b)
subprocess.run(["show-fds"], close_fds=False)
EOF

{
	exits 'the caller leaks' 0 --fail-on note -- sh -c 'show-fds; sh -c show-fds; check-starts spawn "$0"' "$FDG_BIN/show-fds"
	same 'CMD and its children have it' 3 "$(grep -c '^7 file' out)"
	says 'it is counted' '^Left out: 2 descriptors that check itself was started with$'
	says_not 'and not reported' 'cloexec\.'
	exits 'through a static program' 0 --set suppressions=accepted -- check-static exec "$FDG_BIN/show-fds"
	same 'also has it' '7 file
8 file' "$(cat out)"
	exits 'a leak at the number of a descriptor that the caller leaked' 99 -- python3 reuse.py
	says 'is one' '1 UDP socket.*\[cloexec\.leaked\]'
	exits 'a leak beside them' 99 -- cloexec-wrong socket fork show-fds
	same 'is the only one' 1 "$(grep -c '\[cloexec' summary)"
} 7</etc/passwd 8</etc/group
run_check -- show-fds
says_not 'no word where there is none' 'Left out'
same 'and CMD has none' '' "$(cat out)"

# Many: more than a note has groups of ranges for is told by what they are.
python3 - "$FDG_RUN" <<'EOF' 2>summary
import os, subprocess, sys
for fd in range(20, 400, 2):
    os.dup2(os.open("/etc/passwd", os.O_RDONLY), fd)
    os.set_inheritable(fd, True)
sys.exit(subprocess.run([sys.argv[1], "check", "--fail-on", "note", "--", "check-starts", "fork", "show-fds"], close_fds=False, stdout=subprocess.DEVNULL).returncode)
EOF
same 'a hundred and ninety of them' 0 $?
says 'are all left out' '^Left out: 190 descriptors'
finish
