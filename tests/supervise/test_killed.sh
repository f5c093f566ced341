# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The supervisor is killed, again and again, at whatever it is doing: the program goes on as if nothing was.
. "$FDG_SRC/tests/supervise/lib.sh"
need python3

cat >killer.py <<'P'
import os, random, signal, subprocess, sys, time
supervise, acts, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
random.seed(4711)
env = dict(os.environ, FDGUARD_OPTIONS='log=none')

def supervisors():
    """pid of a program -> pid of who supervises it"""
    found = {}
    for p in filter(str.isdigit, os.listdir('/proc')):
        try:
            words = open(f'/proc/{p}/cmdline').read().rstrip('\0').split(' ')
        except OSError:
            continue
        if words[:2] == ['fdguard:', 'supervises']:
            found[int(words[2])] = int(p)
    return found

def supervisors_of(children):
    for _ in range(400):
        found = supervisors()
        if all(c.pid in found for c in children):
            return [found[c.pid] for c in children]
        time.sleep(.005)
    raise SystemExit('no supervisor')

def wait_all(children):
    good = 0
    for c in children:
        try:
            out, _ = c.communicate(timeout=20)
            good += c.returncode == 0 and out == b'whole\n'
        except subprocess.TimeoutExpired:
            for stuck in children:
                stuck.kill()
            raise SystemExit('a program hangs')
    return good

def start(n, until):
    return [subprocess.Popen([supervise, acts, 'acts', 'busy', until], stdout=subprocess.PIPE, env=env) for _ in range(n)]

def round_of(n, until):
    """n programs at once, and all their supervisors killed at random moments."""
    children = start(n, until)
    for v in supervisors_of(children):
        time.sleep(random.random() * .01)
        os.kill(v, signal.SIGKILL)
    time.sleep(.05)
    open(until, 'w').close()
    return wait_all(children)

print(sum(round_of(25, f'round-{i}') for i in range(rounds)), 'of', rounds * 25)

# The guardian alone: another takes its place.
c = start(1, 'guardians')[0]
s = supervisors_of([c])[0]
def guardian():
    for _ in range(200):
        kids = [k for k in open(f'/proc/{s}/task/{s}/children').read().split() if 'stands in' in open(f'/proc/{k}/cmdline').read()]
        if kids:
            return int(kids[0])
        time.sleep(.005)
    raise SystemExit('no guardian')
for _ in range(3):
    g = guardian()
    os.kill(g, signal.SIGKILL)
    for _ in range(400):
        if guardian() != g:
            break
        time.sleep(.005)
    else:
        raise SystemExit('the guardian is not replaced')
os.kill(s, signal.SIGKILL)
time.sleep(.05)
open('guardians', 'w').close()
print('guardians replaced', wait_all([c]))
P
cat >early.py <<'P'
import ctypes, os, random, signal, subprocess, sys, time
# Whose parent has ended becomes ours: so we see the supervisor as soon as it is there.
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
random.seed(4712)
rounds = int(sys.argv[3])

def orphan(program):
    for _ in range(100000):
        others = [p for p in map(int, open(f'/proc/self/task/{os.getpid()}/children').read().split()) if p != program.pid and p not in buried]
        if others or program.poll() is not None:
            return others[0] if others else 0

def bury():
    try:
        while True:
            p, _ = os.waitpid(-1, os.WNOHANG)
            if p == 0:
                return
    except ChildProcessError:
        pass

good = killed = 0
for _ in range(rounds):
    buried = set(map(int, open(f'/proc/self/task/{os.getpid()}/children').read().split()))
    c = subprocess.Popen([sys.argv[1], sys.argv[2], 'acts', 'exit', '3'], stderr=subprocess.DEVNULL)
    victim = orphan(c)
    time.sleep(random.random() * .0015)
    if victim:
        os.kill(victim, signal.SIGKILL)
        killed += 1
    try:
        good += c.wait(timeout=10) == 3
    except subprocess.TimeoutExpired:
        c.kill()
        c.wait()
    bury()
print(good, 'of', rounds, 'killed some' if killed > rounds / 4 else f'killed {killed}')
P
same "100 supervisors killed while the program starts: it starts all the same" "100 of 100 killed some" "$(timeout 60 python3 early.py "$supervise" "$acts" 100)"

same "100 supervisors killed under load: every program does all that it was to do" "100 of 100
guardians replaced 1" "$(timeout 60 python3 killer.py "$supervise" "$acts" 4)"
cat >left.py <<'P'
import os, sys
# Who stands in, in this test's time: of other tests there may be more.
def start(p): return int(open(f'/proc/{p}/stat').read().rsplit(')', 1)[1].split()[19])
left = []
for p in filter(str.isdigit, os.listdir('/proc')):
    try:
        if 'stands in' in open(f'/proc/{p}/cmdline').read() and start(p) >= start(sys.argv[1]) and open(f'/proc/{p}/stat').read().rsplit(')', 1)[1].split()[1] == '1':
            left.append(p)
    except OSError:
        pass
sys.exit(len(left) > 0)
P
check "what stood in for them has ended" eventually python3 left.py $$

# Signals that are meant for all: who watches is not ended by them.
"$supervise" "$bash" bash -c "trap : TERM HUP; echo; while [ ! -e $tmp/go ]; do sleep 0.05; done; $acts copy dup" >out 2>err &
child=$!
check "a program runs" eventually test -s out
watcher=$(ours $child)
for signal in TERM HUP INT QUIT TSTP ALRM USR1; do
	kill -$signal "$watcher"
done
: >go
wait $child
check "SIGTERM and its like do not end the supervisor" grep -q 'acts turned fd' err

finish
