# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Guard nonblock in a static program: a copy that turns a shared description blocking is told of, what is right is not, and nonblock=fix leaves the description as it is.
. "$FDG_SRC/tests/supervise/lib.sh"
need python3

for how in dup dup2 dup3 dupfd dup-fionbio; do
	fresh
	same "$how: the program does what it would" "fd 3 copy" "$(watched '' copy $how | cut -d' ' -f1-3)"
	found '"id":"nonblock.shared","level":"warning","action":"reported","message":"acts turned fd [0-9]* (UNIX socket) blocking by [FIS]' &&
		found ', and with it fd 3, which shares its description: calls on fd 3 now wait where they failed with EAGAIN"'
	same "$how: it is told of" 0 $?
done
check "with the call" found '"call":"FIONBIO"'

fresh
same "what is right is left alone" blocking "$(watched '' right)"
check "and nothing is said of it" quiet
fresh
watched '' copy dup-direct >/dev/null 2>&1
same "a call that the kernel refuses" 99 $?
check "is none that turns anything" quiet
fresh
watched nonblock=off copy dup >/dev/null
check "nonblock=off says nothing" quiet

watched skip=ac\*:log=$tmp/left-out copy dup >/dev/null
check "a program that is left out is left out" test ! -e left-out

fresh
same "a forked child that changes what it has of its parent" blocking "$(watched '' child)"
check "is told of with its parent, as a note: its parent may be about to close it" found '"level":"note","action":"reported","message":"acts turned fd 3 (UNIX socket) blocking by F_SETFL, and with it fd 3 of process [0-9]*, which'
fresh
same "one that changes a copy, of what it has itself as well" blocking "$(watched '' child copy)"
check "is told of as a program alone is" found '"level":"warning","action":"reported","message":"acts turned fd 5 (UNIX socket) blocking by F_SETFL, and with it fd 3, which'
same "and fixed" non-blocking "$(watched nonblock=fix child copy)"
ended_with() { findings nonblock.shared | grep -q "\"count\":$1,"; }
fresh
watched '' copy dup 120 >/dev/null
eventually ended_with 120
same "of 120 times at one place it tells the first, when there are ten times as many, and the last" "1 10 100 120" \
	"$(findings nonblock.shared | sed 's/.*"count":\([0-9]*\).*/\1/' | tr '\n' ' ' | sed 's/ $//')"
fresh
same "many that are copied first and changed later are all known" "0 of 400" "$(watched '' batch 400)"
check "(each is counted)" eventually ended_with 400
same "and fixed" "400 of 400" "$(watched nonblock=fix batch 400)"

fresh
same "nonblock=fix: the program is told that it is done, and it stays non-blocking" "fd 3 copy 5 non-blocking" "$(watched nonblock=fix copy dup)"
check "which is said" found '"id":"nonblock.shared","level":"warning","action":"fixed"'
same "other flags are set all the same" "fd 3 copy 5 non-blocking append" "$(watched nonblock=fix copy dup-append)"
same "the same of FIONBIO" "fd 3 copy 5 non-blocking" "$(watched nonblock=fix copy dup-fionbio)"
same "nobody shares it: it is done" blocking "$(watched nonblock=fix right)"
same "a forked child has the mode that it asked for" blocking "$(watched nonblock=fix child)"
same "who asks for signals gets them by its number" "named 20" "$(watched nonblock=fix async)"
fresh
same "a thread with descriptors of its own" "blocking non-blocking" "$(watched nonblock=fix apart | tr '\n' ' ' | sed 's/ $//')"
check "is not taken for the others" quiet

# Where we may not look into other processes: /proc has to do.
fresh
same "a container without CAP_SYS_PTRACE: told of as well" "fd 3 copy 5 blocking" \
	"$(FDGUARD_OPTIONS="format=json:log=$tmp/log" "$FDG_BIN/outer" deny "$supervise" "$acts" acts copy dup)"
check "without the details" found 'acts turned fd 5 (socket) blocking by F_SETFL, and with it fd 3, which'
same "and fixed" "fd 3 copy 5 non-blocking" "$(FDGUARD_OPTIONS="nonblock=fix:format=json:log=$tmp/log" "$FDG_BIN/outer" deny "$supervise" "$acts" acts copy dup)"
same "but where more is to be set, which we cannot" "fd 3 copy 5 blocking append" \
	"$(FDGUARD_OPTIONS="nonblock=fix:format=json:log=$tmp/log" "$FDG_BIN/outer" deny "$supervise" "$acts" acts copy dup-append)"

# ---- 32-bit programs ----
if [ "$(uname -m)" = x86_64 ]; then
	cat >i386.c <<'P'
static int call(int number, int a, int b, int c)
{
	int r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return r;
}
void _start(void);
void _start(void)
{
	int pair[2], zero = 0, how[4] = { 1, 1 | 04000, 0, (int)pair };

	call(102, 8, (int)how, 0);                               /* socketpair */
	call(221, call(41, pair[0], 0, 0), 4, 0);                /* dup, fcntl64 F_SETFL */
	call(54, call(55, pair[1], 1030, 0), 0x5421, (int)&zero); /* fcntl F_DUPFD_CLOEXEC, ioctl FIONBIO */
	call(1, call(221, pair[0], 3, 0) & 04000 ? 7 : 8, 0, 0);
}
P
	"$FDG_CC" -m32 -O1 -static -nostdlib -ffreestanding -fno-pie -no-pie -fno-stack-protector -fcf-protection=none -o i386 i386.c || bad "i386.c does not compile"
	./i386 2>/dev/null
	[ $? -eq 8 ] || bad "this kernel runs no 32-bit programs (CONFIG_IA32_EMULATION): what fdguard does with them cannot be seen"
	fresh
	FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" ./i386 i386
	same "a 32-bit program runs as it does" 8 $?
	check "what it does by fcntl64 is told of" found 'i386 turned fd 5 (UNIX socket) blocking by F_SETFL, and with it fd 3'
	check "and by ioctl" found 'i386 turned fd 6 (UNIX socket) blocking by FIONBIO, and with it fd 4'
	check "it ends" eventually found '"id":"run.end"'
	FDGUARD_OPTIONS="nonblock=fix:log=none" "$supervise" ./i386 i386
	same "and fixed" 7 $?
fi

# ---- runs ----

ends() { [ "$(findings run.end | wc -l)" -ge "$1" ]; }
fresh
FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$bash" bash -c "$acts exit 3; exec $acts copy dup" >/dev/null
eventually ends 3
cat >runs.py <<'P'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
for l in lines:
    for key in 'v time pid tid exe guard id level action message'.split():
        assert key in l, (key, l)
    print(l['id'], l['exe'].split('/')[-1], ' '.join(l.get('argv', [])[:2]), l.get('findings', ''))
first = lines[0]['pid']
assert [l['pid'] for l in lines if l['exe'].endswith('bash-static')] == [first] * 2
assert lines[-1]['pid'] == first and lines[0]['ppid'] == int(sys.argv[2])
P
same "each image says when it begins and ends, in the order of things" "run.start bash-static bash -c 
run.start acts $acts exit 
run.end acts  0
run.end bash-static  0
run.start acts $acts copy 
nonblock.shared acts  
run.end acts  1" "$(python3 runs.py log $$)"

fresh
FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$bash" bash -c 'nothing-there 2>/dev/null; exec /etc/passwd 2>/dev/null; :'
eventually found run.end
same "an exec that fails begins nothing" 1 "$(grep -c run.start log)"

# ---- with the preload ----
cat >preloaded.c <<'P'
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
	struct epoll_event e = { EPOLLIN, { 0 } };
	int pair[2], copy;
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) || (copy = dup(pair[0])) < 0 || epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, pair[0], &e))
		return 1;
	if (fcntl(copy, F_SETFL, 0) || write(pair[1], "xy", 2) != 2)
		return 1;
	usleep(200000);
	return read(pair[0], &c, 1) != 1;
}
P
"$FDG_CC" -D_GNU_SOURCE -o preloaded preloaded.c || bad "preloaded.c does not compile"
fresh
env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:cloexec=off" "$supervise" "$bash" bash -c './preloaded; ./preloaded; :'
same "in a tree with both kinds" 0 $?
eventually ends 3
same "what the preload judges is not told twice" 2 "$(findings nonblock.shared | wc -l)"
same "nor do its runs begin twice" "bash-static preloaded preloaded" "$(findings run.start | sed 's/.*"exe":"[^"]*\/\([^"]*\)".*/\1/' | tr '\n' ' ' | sed 's/ $//')"
fresh
FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" ./preloaded preloaded
check "without a preload it is told of by the supervisor" found '"id":"nonblock.shared".*preloaded turned fd 5'

# ---- text ----
"$supervise" "$acts" acts copy dup >out 2>err
check "text goes to the program's standard error" grep -q '^fdguard: warning: acts turned fd 5' err
same "and not to its standard output" 1 "$(wc -l <out)"
"$supervise" "$acts" acts copy dup 120 >/dev/null 2>err
check "the last number comes when the program has ended" eventually grep -q '^  changed there so far: 120$' err
told=$("$supervise" "$bash" bash -c "$acts copy dup 20; sleep 20 </dev/null >/dev/null 2>&1 & echo \$! >sleeper; :" 2>&1 >/dev/null)
refuse "who reads it is at its end with the program" ended "$(cat sleeper)"
kill "$(cat sleeper)" 2>/dev/null
same "and was told" 20 "$(printf '%s\n' "$told" | sed -n 's/^  changed there so far: //p' | tail -n 1)"
same "one that it has closed hears nothing" "" "$("$supervise" "$bash" bash -c "exec 2>/dev/null; $acts copy dup; :" 2>&1 >/dev/null)"
"$FDG_BIN/clean-fds" sh -c '"$1" "$2" acts copy dup >/dev/null 2>&1 | sleep 1' - "$supervise" "$acts"
same "one that nobody reads is no harm" 0 $?
cat >full.py <<'P'
import os, subprocess, sys
r, w = os.pipe()
os.set_blocking(w, False)
try:
    while os.write(w, b'x' * 4096):
        pass
except BlockingIOError:
    pass
os.set_blocking(w, True)
print(subprocess.run(sys.argv[1:], stderr=w, stdout=subprocess.DEVNULL, timeout=20).returncode)
P
same "nor one that is full, whose reader waits for us" 0 "$(python3 full.py "$supervise" "$acts" acts copy dup 2000)"

finish
