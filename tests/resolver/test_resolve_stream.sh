#!/bin/sh
# SPDX-License-Identifier: MIT
# fdguard resolve as part of a pipe: memory, names that come again, slow readers and writers, and every way to be stopped half way.
set -u
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/resolver/serving.sh
. "$FDG_SRC/tests/resolver/serving.sh"
need python3 script
tab=$(printf '\t')
resolve="timeout 60 $FDG_BIN/fdguard-resolve"

# peak LINES: KiB of memory for so many lines, with a thousand names among them. Leaves out.
peak() {
	awk -v n="$1" 'BEGIN { while (i < n) print "ok" i++ % 1000 ".many.example" }' |
		python3 -c 'import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=open("out", "w"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$FDG_BIN/fdguard-resolve" -4 --server "127.0.0.1:$port"
}

# until_there FILE: until there is something in it, which is soon.
until_there() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		[ ! -s "$1" ] || return 0
		sleep 0.2
	done
	return 1
}

serve
small=$(peak 10000)
same 'ten thousand lines' 10000 "$(grep -c "${tab}ok${tab}192.0.2.1\$" out)"
large=$(peak 1000000)
same 'a million lines' 1000000 "$(grep -c "${tab}ok${tab}192.0.2.1\$" out)"
check "in memory that does not grow with them ($small KiB, $large KiB)" [ "$large" -lt $((small + 16384)) ]
served
check "and what comes again is not asked for again ($queries questions for two thousand)" [ "$queries" -lt 4000 ]

serve --delay 20
names 0 20000 >list
{ $resolve --server "127.0.0.1:$port" -f list; echo $? >status; } | { sleep 1; cat >out; }
same 'a reader that sleeps: nothing is lost' '0 20000' "$(cat status) $(grep -c "${tab}ok${tab}" out)"
{ timeout --preserve-status -s TERM 0.6 "$FDG_BIN/fdguard-resolve" --server "127.0.0.1:$port" -f list 2>err; echo $? >status; } |
	{ until_there err; cp err said; cat >out; }
same 'stopped while nobody reads' 143 "$(cat status)"
check 'it does not wait for him' grep -q 'stopped: Terminated' said
check 'who gets what the pipe had' [ "$(wc -c <out)" -lt 200000 ]
same 'and it says how much that was' "$(wc -l <out)" "$(sed -n 's/^fdguard: stopped: Terminated; \([0-9,]*\) lines are written.*/\1/p' err | tr -d ,)"
rm -f out
{ echo ok1.x.example; until_there out && echo seen >early; echo ok2.x.example; } | { $resolve --server "127.0.0.1:$port" | cat >out; }
check 'a writer that sleeps: what it has written is answered meanwhile' [ -s early ]

# Stopped by a signal, and gone on with what the sentence says.
env --default-signal=INT "$FDG_BIN/fdguard-resolve" --inflight 40 --server "127.0.0.1:$port" -f list >first 2>err &
program=$!
until_there first
kill -INT "$program"
wait "$program"
same 'SIGINT: the status of a shell' 130 $?
next=$(sed -n 's/^fdguard: stopped: Interrupt; .* the first that is missing is that of line \([0-9,]*\) of list$/\1/p' err | tr -d ,)
same 'it says where: the line behind the last one' $(($(wc -l <first) + 1)) "$next"
check 'and that is half way' [ "${next:-0}" -gt 1 -a "${next:-0}" -lt 20000 ]
tail -n "+${next:-1}" list | $resolve --server "127.0.0.1:$port" >second
check 'what is missing comes by going on from there' sh -c 'cat first second | cut -f 1 | cmp -s - list'
printf '# one\n\nok1.x.example\n\nsilent.x.example\nok2.x.example\n' >holes
timeout --preserve-status -s TERM 1.5 "$FDG_BIN/fdguard-resolve" --timeout 20s --server "127.0.0.1:$port" -f holes >first 2>err
same 'SIGTERM: the status' 143 $?
check 'lines without a name are counted' grep -q 'stopped: Terminated; 1 line is written; the first that is missing is that of line 5 of holes$' err
timeout --preserve-status -s TERM 1.5 "$FDG_BIN/fdguard-resolve" --unordered --timeout 20s --server "127.0.0.1:$port" -f holes >first 2>err
check '--unordered' grep -q 'stopped: Terminated; 2 lines are written; the first that is missing is that of line 5 of holes$' err

{ $resolve --server "127.0.0.1:$port" -f list 2>err; echo $? >status; } | head -n 3 >out
same 'a reader that leaves' '2 3' "$(cat status) $(wc -l <out | tr -d ' ')"
check 'is told of' grep -q '^fdguard: standard output: Broken pipe; .* the first that is missing is that of line [0-9,]* of list$' err
$resolve --server "127.0.0.1:$port" -f list >/dev/full 2>err
same 'a full disk' 2 $?
check 'is told of' grep -q '^fdguard: standard output: No space left on device; 0 lines are written; the first that is missing is that of line 1 of list$' err
(ulimit -f 8 && trap '' XFSZ && $resolve --server "127.0.0.1:$port" -f list >cut 2>err)
lines=$(grep -c '' cut) whole=$(wc -l <cut)
check "a file that may not grow ($lines lines)" [ "$lines" -gt 0 -a "$lines" -lt 20000 ]
same 'its whole lines' "$((whole + 1))" "$(sed -n 's/^fdguard: standard output: File too large; .* that of line \([0-9,]*\) of list$/\1/p' err | tr -d ,)"
$resolve localhost >&- 2>err
same 'no standard output' '2 fdguard: standard output: Bad file descriptor' "$? $(cat err)"
$resolve <&- >out 2>err
same 'no standard input' '2 fdguard: standard input: Bad file descriptor' "$? $(cat err)"
$resolve --server "127.0.0.1:$port" ok1.x.example a..b 2>&- >out
same 'no standard error' '1 2' "$? $(wc -l <out | tr -d ' ')"

script -q -e -c "timeout --foreground 60 $FDG_BIN/fdguard-resolve --server 127.0.0.1:$port -f list >out" typescript </dev/null >/dev/null
same 'a terminal: the same lines' 20000 "$(grep -c "${tab}ok${tab}" out)"
tr '\r' '\n' <typescript >shown
check 'progress: how many, how fast, how far, how long' grep -q '^[0-9,]* done, [0-9,]*/s, [0-9]* %, [0-9hm]*s to go' shown
check 'the sum' grep -q 'fdguard: 20,000 names in .*: 20,000 with addresses, 0 without, 0 without an answer, 0 bad' shown
$resolve --server "127.0.0.1:$port" -f list >out 2>err
same 'no terminal: nothing' '' "$(cat err)"
served
finish
