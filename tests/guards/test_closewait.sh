# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Connections that nobody closes are reported, by peer and place, and again when there are many more; with closewait=fix they are ended and stay the program's. Nothing is said of
# connections that are in use, or somebody else's. Runs last for up to three seconds each, all at a time.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
cases=$FDG_SRC/tests/cases
need openssl python3
pids=''

# start NAME OPTIONS CMD…: in the background; its output goes to NAME.out, findings to NAME.log.
start() {
	run_name=$1 run_options=$2
	shift 2
	timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$run_name.log:fdleak=off:$run_options" "$@" >"$run_name.out" 2>&1 &
	pids="$pids $!"
}

settle() {
	# shellcheck disable=SC2086 # numbers
	wait $pids 2>/dev/null
	pids=''
}

# shellcheck disable=SC2317 # check calls it
finding() {
	log=$1.log
	shift
	/usr/bin/python3 "$cases/finding.py" "$tmp/$log" closewait.leak level=warning "$@"
}
# shellcheck disable=SC2317
covered() { grep -q '"id":"run.start"' "$1.log"; }
# shellcheck disable=SC2317
silent() { covered "$1" && ! grep -e '"level":"\(warning\|error\)"' "$1.log"; }
how_many() { grep -c '"id":"closewait.leak"' "$1.log"; }

ones='v4 dup twice unread data-only arrived was-shared by-number small-stack'
rights='half-close half-close-unseen reader reader-unseen pool idle churn listeners passed-away passed-on shared refused reset shut-here shut-both others late'

for way in $ones v6 threads growing accepted; do
	start "wrong-$way" closewait.age=300ms closewait-wrong "$way" 1500 killed
done
for way in v4 v6 threads accepted unread was-shared; do
	start "fix-$way" closewait=fix:closewait.age=300ms closewait-wrong "$way" 1500 ends
done
start asleep closewait.age=300ms closewait-wrong asleep 1500
start becomes-another closewait.age=300ms closewait-wrong becomes-another 1500
start in-child closewait.age=300ms closewait-wrong in-child 1500
start bare-calls closewait=off:closewait.age=300ms closewait-wrong threads 1000
start young closewait.age=60s closewait-wrong v4 1000
start deep closewait.age=300ms:stacks=8 closewait-wrong accepted 1200
settle
for way in $rights; do
	start "right-$way" closewait=fix:closewait.age=1s closewait-right "$way" 2600
done
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost >/dev/null 2>&1
start tls closewait=fix:closewait.age=1s /usr/bin/python3 "$FDG_SRC/tests/guards/closewait_tls.py" cert key 2.5
settle

for way in $ones; do
	same "$way: came to its end" killed "$(cat "wrong-$way.out")"
	same "$way: told of once" 1 "$(how_many "wrong-$way")"
	check "$way: one socket" finding "wrong-$way" action=reported count=1 'peer=127.0.0.*:*' 'local=127.0.0.1:*' 'age_ms=[1-9]*[0-9][0-9]' total=1 \
		'message=1 socket to 127.0.0.1:* in CLOSE_WAIT for *, last used * ago'
done
for way in v4 dup twice unread data-only was-shared; do
	check "$way: where it was connected" finding "wrong-$way" 'created.0.symbol=dial+*' 'message=*, made at dial+* (closewait-wrong+0x*' 'ports=1 of *'
done
check "by number: where it was connected" finding wrong-by-number 'created.0.symbol=by_number+*' threads=1
check "arrived: where it came in" finding wrong-arrived 'created.0.symbol=take_over+*'
check "unread: that it is" finding wrong-unread unread=1
check "IPv6" finding wrong-v6 count=1 'peer=[[]::1]:*' 'message=1 socket to [[]::1]:*'
for host in 1 2 3; do
	check "threads: all to 127.0.0.$host" finding wrong-threads count=40 "peer=127.0.0.$host:*" threads=40 'total=[1-9]*[0-9]' 'created.0.symbol=dial+*' 'descriptors=1[0-9][0-9] of *' \
		"message=40 sockets to 127.0.0.$host:* in CLOSE_WAIT, the oldest for *; 40 threads made one each"
done
check "threads: few findings" [ "$(how_many wrong-threads)" -le 9 ]
check "growing: again" [ "$(how_many wrong-growing)" -ge 2 ]
check "growing: with its trend" finding wrong-growing 'trend=* were told of * ago'
check "growing: not each time" [ "$(how_many wrong-growing)" -le 7 ]
check "accepted: by the listener" finding wrong-accepted 'count=[2-5]' 'peer=127.0.0.1:[*]' 'created.0.symbol=answer+*' 'message=[2-5] sockets accepted at 127.0.0.1:*, from 127.0.0.1:[*], in CLOSE_WAIT*' \
	'fix=close the connection when read returns 0*'
same "asleep: came to its end" "done" "$(cat asleep.out)"
check "asleep: found at the end, and as old as the kernel says" finding asleep count=1 'age_ms=[1-9]*[0-9][0-9][0-9]'
check "another program: found before" finding becomes-another count=1
same "in a child: each its own" 2 "$(how_many in-child)"
check "in a child: at its end" finding in-child count=1 total=1
refuse "in a child: not what is its parent's" finding in-child total=2
check "a call stack" finding deep 'created.0.symbol=answer+*' 'created.1.symbol=accepted+*'
check "closewait=off" silent bare-calls
check "younger than closewait.age" silent young

for way in v4 v6 unread; do
	check "fix: $way: ended" finding "fix-$way" action=fixed count=1 total=1 'age_ms=[3-9][0-9][0-9]' 'last_used_ms=[3-9][0-9][0-9]' 'message=*: 1 ended'
done
check "fix: was shared: by whom else is not known" finding fix-was-shared action=reported count=1 'message=*: not ended: a process was started since they were made, which may have them, too'
same "fix: was shared: is left alone" "end sent 0" "$(cat fix-was-shared.out)"
for way in v4 v6 threads accepted; do
	same "fix: $way: is the program's, and at its end" "end EPIPE 0" "$(cat "fix-$way.out")"
done
same "fix: unread: can be read" "byte EPIPE 0" "$(cat fix-unread.out)"
check "fix: threads: all" finding fix-threads action=fixed count=40 threads=40 'message=*; 40 threads made one each: 40 ended'
check "fix: threads: few findings" [ "$(how_many fix-threads)" -le 9 ]
check "fix: accepted" finding fix-accepted action=fixed 'count=[2-5]'

for way in $rights; do
	same "right: $way" "done" "$(cat "right-$way.out")"
	check "right: $way: nothing to report" silent "right-$way"
done
same "close_notify" "done" "$(cat tls.out)"
check "close_notify: nothing to report" silent tls

# Standard error is a pipe that is full: the first finding waits for its reader longer than the program's timer takes.
mkfifo full
exec 9<>full
dd if=/dev/zero bs=4096 count=16 >&9 2>/dev/null
for way in recv poll epoll select; do
	timeout 20 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=closewait.age=200ms closewait-timer $way >"full-$way.out" 2>&9 9>&- &
	pids="$pids $!"
	start "timer-$way" closewait.age=200ms closewait-timer $way
done
settle
exec 9>&-
for way in recv poll epoll select; do
	same "a timer that ends $way rings in the call, and not before it" "each was ended" "$(cat "full-$way.out")"
	check "… and there was something to be told meanwhile" finding "timer-$way" count=1
done

# In words, as a user sees them.
timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=closewait.age=200ms closewait-wrong v4 800 >text.out 2>text
check "text: a sentence" grep -q '^fdguard: warning: 1 socket to 127\.0\.0\.1:[0-9]* in CLOSE_WAIT for [0-9]*m*s, made at dial+0x[0-9a-f]* (closewait-wrong+0x[0-9a-f]*), last used [0-9]*m*s ago \[closewait\.leak\]$' text
check "text: what to do" grep -q '^  fix: find who owns the connections made there' text
echo 'closewait.leak peer:127.0.0.1:*' >suppressed
start suppressed "closewait.age=200ms:suppressions=$tmp/suppressed" closewait-wrong v4 800
settle
check "suppressed by its peer" silent suppressed

finish
