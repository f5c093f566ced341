# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Results that nobody reads hold check up, and signals end it then: nothing is left behind.
. "$FDG_SRC/tests/check/lib.sh"
need python3

# unread.py SIGNAL CHECK…: check's standard error is a pipe that is full. Sends the signal once check is about to write to it; prints by which it ended.
cat >unread.py <<'EOF'
import os, signal, subprocess, sys, time
name, argv = sys.argv[1], sys.argv[2:]
r, w = os.pipe()
os.set_blocking(w, False)
try:
    while True:
        os.write(w, b"x" * 4096)
except BlockingIOError:
    pass
os.set_blocking(w, True)
p = subprocess.Popen(argv, stderr=w)
def writes():
    try:
        words = open("/proc/%d/syscall" % p.pid).read().split()
    except OSError:
        return False
    return len(words) > 2 and words[0] in ("1", "64") and words[1] == "0x2" # write to standard error
end = time.time() + 60
while not writes():
    if time.time() > end or p.poll() is not None:
        p.kill()
        sys.exit("it does not write")
    time.sleep(0.01)
p.send_signal(getattr(signal, name))
try:
    print(signal.Signals(-p.wait(20)).name)
except subprocess.TimeoutExpired:
    p.kill()
    print("nothing")
EOF
unread() { python3 unread.py "$1" "$FDG_BIN/fdguard-check" --launcher "$FDG_RUN" --preload "$FDG_LIB" "$2" "$3" "$4" -- true; }
mkdir place
for signal in SIGINT SIGTERM SIGHUP SIGQUIT; do
	same "$signal ends it" $signal "$(TMPDIR=$tmp/place unread $signal --fail-on error --leaks)"
	same "$signal: nothing is left behind" '' "$(ls place)"
done
same 'with results that are kept' SIGINT "$(unread SIGINT --out=kept --junit junit)"
same 'they are there' 'findings.json log.jsonl summary.txt' "$(cd kept && echo *)"
check 'and whole' grep -q '</testsuites>' junit
finish
