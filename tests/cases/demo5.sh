# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of case 5. Exits 0 if everything that it says was so.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/swarm.sh
. "$FDG_SRC/tests/cases/swarm.sh"
# shellcheck source=tests/cases/show.sh
. "$FDG_SRC/tests/cases/show.sh"

mkdir bin
ln -s "$FDG_RUN" bin/fdguard
ln -s "$FDG_BIN/swarm" bin/swarm
export PATH="$tmp/bin:$PATH" HOME="$tmp" LC_ALL=C

# shown NAME CMD…: its output, into NAME.out and set off; what fdguard says goes to NAME.said.
shown() {
	name=$1
	shift
	"$@" >"$name.out" 2>"$name.said" </dev/null
	quoted "$name.out"
	echo
}

thread() { timeout 20 "$@" /usr/bin/python3 "$FDG_SRC/tests/cases/half_asyncio.py"; }

# two PREFIX…: a program that reads a line behind PREFIX, and cat, which reads on. The second line comes a second later.
two() {
	{
		echo one
		sleep 1
		echo two
	} | {
		timeout 20 "$@" /usr/bin/python3 "$FDG_SRC/tests/cases/first_line.py"
		timeout 20 cat 2>&1
	}
}

printf '%s\n' "${bold}Case 5: a dup that made ten thousand sockets blocking${plain}" '' \
	'A manager keeps connections to 64 daemons, all non-blocking, in one epoll loop (tests/cases/swarm.c).' \
	'For the first, a library makes a copy of the descriptor, sets a socket option on it, and makes the copy' \
	'blocking. But O_NONBLOCK belongs to what the two share. All of it runs on this machine.'

heading '1. Without the copy'
command_shown 'swarm PORT 64 original'
shown original swarm original
printf '   %s\n' 'The daemons send 63 pings, and have 63 answers at once.'

heading '2. With it'
command_shown 'swarm PORT 64 copy'
shown bare swarm copy
printf '   %s\n' \
	'The loop reads the greeting of the first daemon, and reads again until there is no more: EAGAIN, as ever.' \
	'But now that read waits, until the daemon has something to say, and 63 others wait with it. In 2015, in' \
	'Go, each connection kept a thread in the same way. Nothing failed, so nothing was logged.'

heading '3. fdguard, which only watches by default'
command_shown 'fdguard run -- swarm PORT 64 copy'
shown report swarm copy fdguard run --
quoted report.said
echo
printf '   %s\n' 'Who turned the flag, on which descriptor, and who made the one that suffers, with its peer. Then the' \
	'thread that stood still for it, in which call, and for how long.'

heading '4. fdguard, which mends it'
command_shown 'fdguard run --set nonblock=fix -- swarm PORT 64 copy'
shown fix swarm copy fdguard run --set nonblock=fix --
printf '   %s\n' \
	'The connection stays non-blocking, and the loop turns. The copy is told that it blocks, and it does: its' \
	'read waited for the answer. The program is the same file.'

heading '5. The other way round: asyncio'
printf '   %s\n' 'A thread reads from a socket, and waits. A copy of it goes to asyncio, which makes what it gets' \
	'non-blocking (tests/cases/half_asyncio.py):'
echo
command_shown half_asyncio.py
shown asyncio thread env
command_shown 'fdguard run --set nonblock=fix -- half_asyncio.py'
shown asyncio-fix thread fdguard run --set nonblock=fix --

heading '6. What a program leaves to the next one'
printf '   %s\n' 'asyncio makes its standard input non-blocking as well, and leaves it so. cat, which reads on where it' \
	'stopped, does not expect that (tests/cases/first_line.py):'
echo
command_shown '(echo one; sleep 1; echo two) | (first_line.py; cat)'
shown two two env
command_shown '(echo one; sleep 1; echo two) | (fdguard run --set nonblock=fix -- first_line.py; cat)'
shown two-fix two fdguard run --set nonblock=fix --
quoted two-fix.said

heading '7. Go, where it happened: no preload sees its calls'
printf '   %s\n' '500 connections, whose dialer calls File() and Fd() to set an option, and reads with a deadline of' \
	'200 ms (tests/supervise/dial.go, linked statically). Threads, and deadlines that fired:'
echo
mkdir go
(cd go && GO111MODULE=off GOCACHE="$tmp/go/cache" GOFLAGS=-p=2 CGO_ENABLED=0 go build -o ../bin/dial "$FDG_SRC/tests/supervise/dial.go") || exit 1
ulimit -n "$(ulimit -H -n)"

# dial HOW PREFIX…: what it counted
dial() {
	how=$1
	shift
	DIAL_TELL=1 timeout 60 "$@" bin/dial "$how" 500 2>"$name.said" >"$name.words"
	grep '^[0-9]* [0-9]*$' "$name.said" | sed 's/\(.*\) \(.*\)/threads: \1, deadlines that fired: \2 of 500/'
}
# shown_dial NAME HOW PREFIX…
shown_dial() {
	name=$1
	shift
	dial "$@" >"$name.out"
	grep -v '^[0-9]* [0-9]*$' "$name.said" | sed -n '1,/^  fix:/p' >"$name.text"
	quoted "$name.out"
	echo
}
command_shown 'dial file 500'
shown_dial go file env
command_shown 'fdguard run -- dial file 500'
shown_dial go-report file fdguard run --
quoted go-report.text
echo
command_shown 'fdguard run --set nonblock=fix -- dial file 500'
shown_dial go-fix file fdguard run --set nonblock=fix --
command_shown 'dial control 500            # its right twin: SyscallConn().Control'
shown_dial go-right control fdguard run --
printf '   %s\n' 'A supervisor is told of such calls by the kernel (seccomp), and answers those that fdguard is to mend.'

expect 'The manager should keep its deadline without a copy.' grep -q '^deadline met: 63 of 63' original.out
expect 'The manager should miss its deadline with a copy.' grep -q '^deadline missed: 0 of 63' bare.out
expect 'The manager that is watched should miss it too.' grep -q '^deadline missed: 0 of 63' report.out
expect 'The report should name both places.' grep -q 'changed at file_of+0x' report.said
expect 'The report should name who made the connection.' grep -q 'made at open_connection+0x' report.said
expect 'The report should name the peer.' grep -q '^ *peer: 127\.0\.0\.1:' report.said
expect 'The report should name the thread that stood still.' grep -q 'nonblock\.stall' report.said
expect 'The manager that is mended should keep its deadline.' grep -q '^deadline met: 63 of 63' fix.out
expect 'The copy should wait.' grep -q '^the copy waited, and got: answer' fix.out
expect 'The thread beside asyncio should fail.' grep -q BlockingIOError asyncio.out
expect 'The thread beside a guarded asyncio should read.' grep -qx 'the thread read: HELLO' asyncio-fix.out
expect 'cat should fail behind asyncio.' grep -q 'cat: -: Resource temporarily unavailable' two.out
expect 'cat should read on behind a guarded asyncio.' grep -qx two two-fix.out
expect 'The report should say what asyncio leaves.' grep -q 'leaves stdin (pipe) non-blocking' two-fix.said
expect 'The Go program should keep a thread for each connection.' grep -q '^threads: 50[0-9], deadlines that fired: 0 of 500' go.out
expect 'The one that is watched should, too.' grep -q '^threads: 50[0-9], deadlines that fired: 0 of 500' go-report.out
expect 'The report should name the line.' grep -q 'dial.go:[0-9]' go-report.text
expect 'The one that is mended should have few threads.' grep -q '^threads: [0-9], deadlines that fired: 500 of 500' go-fix.out
expect 'Nothing should be said of its right twin.' test ! -s go-right.text

shown_as_expected
