# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Trees that hang, are left behind, or are interrupted: each is told, with what hung where, and nothing is left that check was to end. The times that are given
# are none that a result depends on.
. "$FDG_SRC/tests/check/lib.sh"
need python3
mkdir place
export TMPDIR="$tmp/place"

gone() { ! kill -0 "$(cat "$1")" 2>/dev/null; }

cat >hang.sh <<'EOF'
echo $$ >pid.main
sleep 1000 &
echo $! >pid.child
setsid sh -c 'echo $$ >pid.orphan; trap "" TERM; while :; do sleep 1000; done' &
while [ ! -s pid.orphan ]; do sleep 0.01; done
cloexec-wrong socket fork show-fds
cat /dev/zero | sleep 1000
EOF
exits 'a tree that hangs' 143 --max-time 1500ms -- sh hang.sh
says 'is said to' '^fdguard check: FAILED: not done after 1500 ms (--max-time); 1 finding'
says 'where: the one that is waited for' 'pid [0-9]*, sleep 1000: sleeping in sleep$'
says 'where: the writer' 'pid [0-9]*, cat /dev/zero: sleeping in write of 1 (pipe:\[[0-9]*\])$'
says 'what it found before is told' 'made at make_socket'
for who in main child orphan; do
	check "the $who is gone" gone pid.$who
done
exits 'in time' 0 --max-time 1h -- true
says_not 'no word of it' 'not done'
exits 'a daemon, with --max-time' 0 --max-time 1h -- sh -c 'setsid sleep 1000 & echo $! >pid.left'
says 'is told as without it' '^Still running when check stopped waiting, and left alone:$'
check 'and left alone' kill -0 "$(cat pid.left)"
kill "$(cat pid.left)"

exits 'a daemon, without --max-time' 0 -- sh -c 'setsid sleep 1000 & echo $! >pid.daemon'
says 'is told' '^Still running when check stopped waiting, and left alone:$'
says 'by name' '^  pid [0-9]*, sleep 1000: '
check 'and left alone' kill -0 "$(cat pid.daemon)"
kill "$(cat pid.daemon)"

exits 'one that ends soon' 99 -- sh -c '(sleep 0.2; exec cloexec-wrong socket fork show-fds) & true'
says 'is waited for' 'make_socket'

# interrupt HOW CMD…: sends SIGINT once CMD said "ready"; by kill, to check alone, or as a terminal does. Prints the exit status.
cat >interrupt.py <<'EOF'
import os, pty, signal, sys
how, argv = sys.argv[1], sys.argv[2:]
signal.signal(signal.SIGINT, signal.SIG_DFL)
if how == "terminal":
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
else:
    fd, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(end, 1)
        os.dup2(end, 2)
        os.execvp(argv[0], argv)
    os.close(end)
def give_up(*_):
    os.killpg(pid, signal.SIGKILL)
    sys.exit("it does not end")
signal.signal(signal.SIGALRM, give_up)
signal.alarm(60)
text, sent = b"", False
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    text += more
    if not sent and b"ready" in text:
        sent = True
        if how == "terminal":
            os.write(fd, b"\x03")
        else:
            os.kill(pid, getattr(signal, how))
sys.stderr.write(text.decode().replace("\r", ""))
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
# waits.py [STATUS]: says ready when a signal is sure to be felt (dash loses one that comes while it starts a program); SIGINT ends it, with STATUS if that is given.
cat >waits.py <<'EOF'
import os, signal, sys, time
signal.signal(signal.SIGINT, (lambda *_: os._exit(int(sys.argv[1]))) if sys.argv[1:] else signal.SIG_DFL)
print("ready", flush=True)
while True:
    time.sleep(1000)
EOF
interrupted() {
	sentence=$1 want=$2
	shift 2
	same "$sentence: exit status" "$want" "$(python3 interrupt.py "$@" 2>summary)"
}
for how in SIGINT terminal; do
	interrupted "$how" 130 $how "$FDG_RUN" check -- sh -c 'cloexec-wrong socket fork show-fds; echo $$ >pid.int; python3 waits.py; true'
	says "$how: the summary" 'interrupted by SIGINT; 1 finding'
	check "$how: nothing is left" gone pid.int
	interrupted "$how, and CMD is content with it" 130 $how "$FDG_RUN" check -- python3 waits.py 0
	interrupted "$how, and CMD has a status of its own" 9 $how "$FDG_RUN" check -- python3 waits.py 9
done
interrupted 'SIGTERM, which CMD ignores' 137 SIGTERM "$FDG_RUN" check -- sh -c 'trap "" TERM; echo $$ >pid.term; echo ready; while :; do sleep 0.1; done'
says 'says so' 'interrupted by SIGTERM'
check 'it is gone all the same' gone pid.term
same 'no directory is left behind' '' "$(ls place)"
finish
