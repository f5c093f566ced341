# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What becomes of results when CMD does something to the files and to standard error, and when they cannot be written: the summary and the exit status agree.
. "$FDG_SRC/tests/check/lib.sh"
need python3

# A killed node leaves the pipe that it shares with check not to block. Whoever reads it has other things to do.
cat >slow.py <<'EOT'
import subprocess, sys, time
fill = "import os\nos.set_blocking(2, False)\ntry:\n  while True: os.write(2, b'x' * 4096)\nexcept BlockingIOError: os.kill(os.getpid(), 9)"
p = subprocess.Popen(sys.argv[1:] + ["--", "sh", "-c", "python3 -c \"$0\" >/dev/null; true", fill], stderr=subprocess.PIPE)
time.sleep(1)
sys.stdout.write(p.stderr.read().decode().replace("x" * 4096, ""))
sys.exit(p.wait())
EOT
python3 slow.py "$FDG_RUN" check >summary
same 'a pipe that does not block' 0 $?
says 'gets the summary' '^fdguard check: passed: 0 findings (exit status 0)$'
says 'all of it' '^Covered: '
python3 slow.py "$FDG_RUN" check --json --github >summary
same 'in JSON too' 0 $?
check 'whole' python3 -c 'import json; json.load(open("summary"))'

exits 'a file that cannot be written' 2 --junit /dev/full -- true
says 'is in the headline' '^fdguard check: FAILED: 0 findings, a result could not be written (exit status 2)$'
says 'with a reason' '^  /dev/full: No space left on device$'
exits 'with findings, theirs is the status' 99 --sarif /dev/full -- cloexec-wrong socket fork show-fds
says 'and it is told as well' '^  /dev/full: No space left on device$'
exits 'the summary itself' 2 --log /dev/full -- true
says 'goes to standard error then' 'FAILED: 0 findings, a result could not be written (exit status 2)$'
exits 'the results that are kept' 2 --out kept --junit /dev/full -- true
check 'know it' grep -q '"exit_status":2,' kept/findings.json
check 'with the file' grep -q '"unwritten":\["/dev/full: No space left on device"\]' kept/findings.json
check 'as the summary that is kept does' grep -q '(exit status 2)$' kept/summary.txt

for option in junit sarif log; do
	mkdir -p new
	exits "--$option: CMD makes its folder anew" 0 --$option new/file -- sh -c 'rm -rf new; mkdir new'
	check "--$option: the file is there" test -s new/file
	exits "--$option: CMD puts another file there" 0 --$option new/file -- sh -c 'echo mine >new/other; mv new/other new/file'
	refuse "--$option: it is written over" grep -qx mine new/file
	exits "--$option: CMD removes the folder" 2 --$option new/file -- rm -rf new
	says "--$option: which is told" '^  new/file: No such file or directory$'
done
echo precious >precious
exits 'a link in place of a kept file' 2 --out links -- ln -s ../precious links/findings.json
says 'is not followed' 'links/findings.json: Too many levels of symbolic links$'
same 'what it points to is as it was' precious "$(cat precious)"
exits "a link of the user's own" 0 --out other --log here -- ln -sf precious mine
exits 'is followed' 0 --junit mine -- true
check 'to the file' grep -q testsuite precious

: >a
ln a b
for equal in '--junit a --sarif a' '--log a --junit ./a' '--sarif b --log a' '--junit a --baseline b' '--baseline a --update-baseline --log a' '--out o --log o/summary.txt' \
	'--out o --junit o/findings.json' '--set suppressions=a --sarif a' '--out o --sarif o' '--baseline no/such --update-baseline' \
	'--exitcode +5'; do
	mkdir -p o
	# shellcheck disable=SC2086 # words
	exits "$equal" 2 $equal -- touch ran
	refuse "$equal: nothing ran" test -e ran
	rm -rf o
done
for equal in '--junit made --sarif made' '--log made --sarif made' '--junit made --sarif no/such' '--out o --junit made --sarif o/log.jsonl/x' '--junit made --out /dev/null/x'; do
	# shellcheck disable=SC2086 # words
	exits "$equal" 2 $equal -- touch ran
	refuse "$equal: nothing was made" test -e made
done
exits 'a number with a space' 2 --exitcode ' 5' -- touch ran
refuse 'and nothing ran' test -e ran
exits 'a device may take all' 0 --junit /dev/null --sarif /dev/null --log /dev/null -- true

old='cloexec-wrong socket fork show-fds'
new='cloexec-wrong epoll fork show-fds'
# shellcheck disable=SC2086 # words
{
	exits 'a new baseline' 0 --baseline base --update-baseline -- sh -c "$old; $new"
	says 'says what is in it' '^Baseline base: 2 entries, 2 new, 0 gone$'
	exits 'and another' 0 --baseline base --update-baseline -- $old
	says 'says what went' '^Baseline base: 1 entry, 0 new, 1 gone$'
	exits 'one that is only read' 0 --baseline base -- $old
	says_not 'says nothing' '^Baseline'
}

exits 'no exit code, and not done' 0 --no-exitcode --max-time 1s -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
says 'is no pass' "^fdguard check: FAILED: not done after 1 s (--max-time); .* (exit status 0, the command's, because of --no-exitcode)\$"

long=$(printf '%0300d' 0)
exits 'a long command' 0 -- true "$long"
says 'is cut' '^  command: true 0\{195\}…$'
exits 'a short one' 0 -- true short
says 'is not' '^  command: true short$'

cat >names.cc <<'EOT'
#include <sys/socket.h>
#include <unistd.h>
#include <sys/wait.h>
namespace uplink { [[gnu::noinline]] int open_it(int kind) { int fd = socket(AF_INET, kind, 0); asm volatile("" ::: "memory"); return fd; } }
int main()
{
	uplink::open_it(SOCK_STREAM);
	if (fork() == 0)
		execlp("true", "true", (char *)0);
	wait(0);
}
EOT
g++ -O1 -g -rdynamic -o names names.cc || bad 'a program in C++'
exits 'C++' 99 --github --junit names.xml --out names.out -- ./names
says 'has its names in sentences' '^  1\. error: .* made at uplink::open_it(int)+0x[0-9a-f]* (names)'
says 'and in annotations' '^::error .*::.* made at uplink::open_it(int)+0x'
check 'and in JUnit' grep -q 'message=".* made at uplink::open_it(int)+0x' names.xml

# A runtime of AddressSanitizer in a library wants to be first in each program, not in CMD alone.
printf '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts(getenv("ASAN_OPTIONS")); return 0; }\n' >asan.c
"gcc" -fsanitize=address -o asan asan.c || bad 'a program with AddressSanitizer'
exits 'AddressSanitizer in a child' 0 -- bash -c './asan; true'
same 'works' verify_asan_link_order=0 "$(cat out)"
ASAN_OPTIONS=detect_leaks=0 exits "with the user's own options" 0 -- bash -c './asan; true'
same 'which stay' detect_leaks=0:verify_asan_link_order=0 "$(cat out)"

# A standard stream that is closed is no place for files of check's own; CMD finds it closed.
"$FDG_RUN" check --out closed -- sh -c 'readlink /proc/self/fd/2 || echo none' 2>&- >out
same 'stderr is closed' none "$(cat out)"
refuse 'the summary is not in the log' grep -q 'fdguard check:' closed/log.jsonl
check 'but where it belongs' grep -q '^fdguard check: passed' closed/summary.txt
mkfifo unread
exits 'a pipe that nobody reads' 2 --junit unread -- touch ran
says 'is no place for a result' 'unread: it is a pipe, and nobody opened it for reading$'
{ sleep 0.2; cat unread >read; } &
reader=$!
exits 'one that is read a little later' 0 --junit unread -- true
wait $reader
check 'gets it' grep -q '</testsuites>' read
refuse 'nothing ran' test -e ran
mkdir theirs
exits 'an --out that CMD makes a link of' 98 --out linked -- sh -c 'rm -rf linked; ln -s theirs linked'
same 'is not followed' '' "$(ls theirs)"

# Names of directories and files, as odd as they come.
for odd in 'a b' 'co:lon' 'per%p' 'dq"uote' 'back\slash' "$(printf 'tab\tx')" "$(printf 'new\nline')" '#hash'; do
	mkdir "odd $odd"
	echo 'cloexec.leaked # on purpose' >"odd $odd/sup"
	TMPDIR="$PWD/odd $odd" exits "$odd: TMPDIR" 99 -- cloexec-wrong socket fork show-fds
	same "$odd: is left as it was" sup "$(ls "odd $odd")"
	exits "$odd: --out and its like" 99 --out "odd $odd/out" --junit "odd $odd/j" --sarif "odd $odd/s" -- cloexec-wrong socket fork show-fds
	same "$odd: results" 'findings.json log.jsonl summary.txt' "$(cd "odd $odd/out" && echo *)"
	exits "$odd: a suppressions file" 0 --set "suppressions=odd $odd/sup" -- cloexec-wrong socket fork show-fds
done
mkdir "q'uote"
echo 'cloexec.leaked # on purpose' >"q'uote/sup"
TMPDIR="$PWD/q'uote" exits 'TMPDIR with a quote' 2 -- touch ran
says 'is refused' "q'uote/fdguard-check.*: the log cannot be in a directory with a quote in its name; let TMPDIR name another one\$"
exits '--out with a quote' 2 --out "q'uote/out" -- touch ran
says 'is refused as well' 'let --out name another one'
refuse 'and nothing was run' test -e ran
same 'or left there' sup "$(cd "q'uote" && echo *)"
exits 'a suppressions file with a quote' 0 --set "suppressions=q'uote/sup" -- cloexec-wrong socket fork show-fds

finish
