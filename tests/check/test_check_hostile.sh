# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Logs that are truncated, corrupt, huge or hostile, and a log that cannot grow: a clear word, nothing lost in silence, nothing obeyed.
. "$FDG_SRC/tests/check/lib.sh"
need python3

escape=$(printf '\033')
exits 'a line that is none' 98 -- sh append.sh <<'EOF'
{"v":1,"time":
EOF
says 'is told with its number' "^  line [0-9]* of the log is none of ours: it ends too early ({\"v\":1,\"time\":)$"
exits 'half a line, which spoils the next one' 98 -- sh -c 'printf "{\"v\":1,\"ti" | sh append.sh'
says 'is told' 'is none of ours: a name without a value ({"v":1,"ti{"v":1,'
exits 'a finding behind a torn line' 99 -- sh -c 'echo torn | sh append.sh; cloexec-wrong socket fork show-fds'
says 'is found' make_socket
python3 -c 'print("x" * 300000); print("[" * 100000); print("\0\0\xff")' >junk
exits 'lines that are too long' 98 -- sh append.sh <junk
says 'are told' 'it is too long'
check 'in a few words' test "$(wc -c <summary)" -lt 4000
head -c 200000 /dev/urandom >junk
exits 'random bytes' 98 -- sh append.sh <junk
refuse 'of which none reaches the terminal' grep -q -P '[\x00-\x08\x0b-\x1f\x7f]' summary
exits 'another version' 98 -- sh append.sh <<'EOF'
{"v":2,"time":"t","pid":1,"tid":1,"exe":"/x","guard":"run","id":"run.start","level":"note","action":"reported","message":"m"}
EOF
says 'is told' 'it is of another version'

line() { printf '{"v":1,"time":"2026-01-01T00:00:00.000Z","pid":%s,"tid":1,"exe":"/x","guard":"epoll","id":"%s","level":"error","action":"reported","message":"%s"%s}\n' "$1" "$2" "$3" "$4"; }
line 1 epoll.spin 'a\u001b[2J\u001b]0;title\u0007b\u202ec <script>alert(1)</script> ::error::x $(touch ran) `touch ran`' ',"site":[{"object":"/a/\u001b[31mred","offset":"0x1","symbol":"</x>]]>&\u0000"}]' >junk
exits 'a NUL' 98 -- sh append.sh <junk
line 1 epoll.spin 'a\u001b[2J\u001b]0;title\u0007b\u202ec <script>alert(1)</script>\n::error::x $(touch ran) `touch ran`' ',"peer":"\u009b31m","site":[{"object":"/a/\u001b[31mred $(touch ran)","offset":"0x1","symbol":"</x>]]>&+0x1"}]' >junk
exits 'names that a terminal obeys' 99 --junit j.xml --sarif s.json --out kept --github -- sh append.sh <junk
refuse 'are not obeyed' grep -q -e "$escape" -e "$(printf '\302\233')" -e "$(printf '\342\200\256')" summary kept/summary.txt
says 'but shown' '\\x1b\[2J'
refuse 'they begin no line of their own' grep -q '^::error::x' summary
refuse 'nothing was run' test -e ran
check 'JUnit is whole' python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("j.xml")'
check 'SARIF is whole' python3 -c 'import json; json.load(open("s.json"))'
check 'findings.json is whole' python3 -c 'import json; assert json.load(open("kept/findings.json"))["findings"][0]["id"] == "epoll.spin"'
cp "$FDG_BIN/cloexec-wrong" "evil${escape}[2J<b>%s%n 'x'"
exits 'a program of such a name' 99 -- "./evil${escape}[2J<b>%s%n 'x'" socket fork show-fds
refuse 'is not obeyed' grep -q "$escape" summary
says 'is shown' 'evil\\x1b\[2J<b>%s%n'
line 1 run.meant m ',"fd":3,"kind":"k\u001b[2J","reason":"r\n::error::x","weak":1,"what":"/\u202e","command":"c\u001b[2J","created":[{"object":"/a/\u001b[31m","offset":"0x1"}]' >junk
line 1 run.meant m ',"fd":3' >>junk
line 1 run.end m ',"until":"seccomp"' | sed 's,"/x","guard","/x\\u001b[2J","guard",' >>junk
exits 'descriptors that are meant, and filters' 0 --github -- sh append.sh <junk
refuse 'are not obeyed' grep -q -e "$escape" -e '^::error::x' -e "$(printf '\342\200\256')" summary
says 'but shown' '^  fd 3 (k\\x1b\[2J /\\u202e, made at .*) in `c\\x1b\[2J`: r\\x0a::error::x$'
exits 'what names a descriptor' 0 -- cloexec-wrong socket fork show-fds "${escape}[2J=3"
refuse 'is not obeyed' grep -q "$escape" summary
says 'is shown' ': the argument \\x1b\[2J=3 names it$'
exits 'arguments of such' 0 -- true "${escape}[2J"
refuse 'are not obeyed' grep -q "$escape" summary

# Many: kept apart up to a bound, counted beyond.
python3 - >junk <<'EOF'
for i in range(30000):
    print('{"v":1,"time":"t","pid":%d,"tid":1,"exe":"/x","guard":"epoll","id":"epoll.spin","level":"error","action":"reported","message":"m","site":[{"object":"/o","offset":"0x%x"}]}' % (i + 1, i))
EOF
exits 'thirty thousand different findings' 99 -- sh append.sh <junk
says 'are told as such' '10,000 further reports are in the log alone'
check 'in a summary that can be read' test "$(wc -l <summary)" -lt 400

# A log that cannot grow.
cat >many.sh <<'EOF'
i=0
while [ $i -lt 150 ]; do /bin/true; i=$((i + 1)); done
cloexec-wrong socket fork show-fds
EOF
(ulimit -f 64; "$FDG_RUN" check --log out.txt -- sh many.sh 2>said)
same 'a limit for the size of files: exit status' 98 $?
check 'it is told' grep -q 'could not take more (File too large): findings may be missing' out.txt
exits 'a child that may not write files' 98 -- bash -c '(ulimit -f 0; cloexec-wrong socket fork show-fds); true'
says 'is told' 'of the lines of the log .* could not be written to the log'

# A log that is taken away.
mkdir place
for what in '"$TMPDIR"/*' '"$TMPDIR"/fdguard-check.*/*'; do
	TMPDIR=$tmp/place exits "CMD runs rm -rf $what" 98 -- sh -c "rm -rf $what; cloexec-wrong socket fork show-fds; true"
	says 'is told' 'the log .* was deleted or replaced while the command ran: findings may be lost'
	same 'nothing is left of it' '' "$(ls place)"
done
TMPDIR=$tmp/place exits 'CMD empties the log' 98 -- sh -c 'sleep 0.5; for file in "$TMPDIR"/fdguard-check.*/log*; do : >"$file"; done'
says 'is told' 'was truncated while the command ran: findings may be lost\|ran unguarded'
if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=64k tmpfs small; then
	TMPDIR=$tmp/small exits 'a file system that fills up' 98 -- sh many.sh
	says 'is told' 'could not take more (No space left on device): findings may be missing'
	says 'and what was lost with it' 'could not be written to'
	exits 'one for --out' 98 --out small/out -- sh many.sh
	says 'whose results are missing' '^  .*/findings.json: No space left on device$'
	umount small
fi
finish
