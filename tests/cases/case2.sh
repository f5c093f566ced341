# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Case 2, connections that nobody closes: a service of 360 threads, each with its own connection to each instance of another one, whose instances are replaced. Bare, watched and
# mended; the same service as its author mended it, connections of which only one half is closed, and keepalive.
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/service.sh
. "$FDG_SRC/tests/cases/service.sh"
export PATH="$FDG_BIN:/usr/bin:/usr/sbin:/bin:/sbin" LC_ALL=C
cases=$FDG_SRC/tests/cases
age=4000 # ms; closewait.age where how old they are is looked at: a sweep is due each second then
need ss

#
# The runs, a few at a time, each in a folder of its own: what was seen while it ran is in files.
#
# run WHAT NAME WAY OPTIONS: WHAT is a function below, which looks while the service runs.
run() {
	what=$1 name=$2 way=$3
	set -- "$4"
	mkdir "$name" && cd "$name" || exit 99
	trap service_cleanup EXIT
	[ "$name" = bare ] || set -- env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$name/log:closewait.age=2s:$1"
	[ "$name" != bare ] || set -- env
	service_starts "$name" "$way" "$@" || exit
	sleep 1 # all have been used for the last time before their peers close: then all are as old
	$what
	service_ends
}

# leaks: the peers of which all sockets are told.
leaks() { /usr/bin/python3 "$cases/finding.py" -p peer log closewait.leak count="$threads" 2>/dev/null | sort -u; }
# shellcheck disable=SC2317 # await calls it
all_told() { [ "$(leaks | wc -l)" -ge 3 ]; }
# count_states: "HOST STATE N" of each that was replaced.
# shellcheck disable=SC2317
count_states() {
	for host in $retired; do
		echo "$host CLOSE-WAIT $(in_state close-wait "$host")"
	done
}

# shellcheck disable=SC2317 # run calls them
see_bare() {
	replaced
	sleep 1
	count_states >states
}

# shellcheck disable=SC2317
see_report() {
	cp log before
	/usr/bin/python3 "$cases/stalls.py" stalls &
	stalls=$!
	date +%s%3N >closing
	replaced
	date +%s%3N >closed
	await all_told
	count_states >states
	kill "$stalls"
	wait "$stalls"
}

# shellcheck disable=SC2317
see_fix() {
	ss -Htno state established dport = ":$(cat port)" >timers
	replaced
	for host in $retired; do
		ss -Htn state fin-wait-2 src "$host" sport = ":$(cat port)"
	done | wc -l >known_there
	await each_in_state 0 close-wait
	count_states >states
}

# shellcheck disable=SC2317
see_mended() {
	replaced
	sleep 3
	count_states >states
}

# shellcheck disable=SC2317
see_push() {
	half_closed
	sleep 4
	count_states >states
}

run see_bare bare old '' &
bare=$!
run see_push push push closewait=fix &
push=$!
run see_report report old "closewait=report:closewait.age=${age}ms" &
wait "$bare" "$push" "$!"
run see_fix fix old closewait=fix:keepalive=600/5/3 &
fix=$!
run see_mended mended mended closewait=fix &
wait "$fix" "$!"

#
# What came of them
#
# shellcheck disable=SC2317 # check calls it
finding() { /usr/bin/python3 "$cases/finding.py" log "$@"; }
every() {
	for host in $retired; do
		echo "$host$1"
	done
}
# is_right_age HOST: as old as it was since the peer closed, and found within two ages, or as much later as this machine stood still.
# shellcheck disable=SC2317
is_right_age() {
	/usr/bin/python3 - "$1" "$age" "$(cat closing)" "$(cat closed)" "$(cat stalls)" <<-'END'
	import calendar, json, sys, time
	host, age, closing, closed, stalls = sys.argv[1], *map(int, sys.argv[2:])
	found = [f for f in map(json.loads, open("log")) if f["id"] == "closewait.leak" and f["peer"].startswith(host + ":")]
	for f in found:
	    at = calendar.timegm(time.strptime(f["time"][:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(f["time"][20:23])
	    right = at - closed - 200 <= f["age_ms"] <= at - closing + 200 and age <= f["age_ms"] <= 2 * age + stalls
	    print(f"# {host}: age {f['age_ms']}, closed {at - closed} to {at - closing} before, stalls {stalls}")
	    if not right or not f["age_ms"] - 500 <= f["last_used_ms"] <= f["age_ms"] + 3000 + stalls: # used a second before they were closed
	        sys.exit(1)
	sys.exit(not found)
	END
}
# said LEFT SENT EPIPE
said() {
	printf 'connected\nrequests: all answered\n'
	echo "left: $1, its own: $1; send: $2 sent, $3 EPIPE, 0 other; close: $1"
}
all=$((threads * 3))

cd "$tmp/bare" || exit 99
same "bare: each instance that was replaced leaves $threads sockets in CLOSE_WAIT" "$(every " CLOSE-WAIT $threads")" "$(cat states)"
same "bare: the first send on each succeeds" "$(said "$all" "$all" 0)" "$(cat bare.out)"

cd "$tmp/report" || exit 99
refuse "report: nothing is said before" grep -q '"level":"\(warning\|error\)"' before
same "report: $threads sockets to each instance that was replaced" "$(every ":$(cat port)")" "$(leaks)"
for host in $retired; do
	check "report: $host: who made them, how many threads, and for how long" finding closewait.leak level=warning action=reported "count=$threads" \
		"peer=$host:$(cat port)" 'created.0.object=*/libsdk.so' 'created.0.symbol=_ZN7DataApi7connectEPKci+*' \
		"message=$threads sockets to $host:* in CLOSE_WAIT, *; $threads threads made one each*"
	check "report: $host: the right age, within two ages" is_right_age "$host"
done
refuse "report: the one that stays is not told of" finding closewait.leak "peer=127.0.0.5:*"
same "report: they are left alone" "$(every " CLOSE-WAIT $threads")" "$(cat states)"
same "report: as bare" "$(said "$all" "$all" 0)" "$(cat report.out)"

cd "$tmp/fix" || exit 99
same "keepalive=600/5/3: each connection has the timer" "$all" "$(grep -c "127\.0\.0\.[234]:$(cat port) *timer:(keepalive,\(9min\|10min\)" timers)" # … that is not busy
same "fix: none is left in CLOSE_WAIT" "$(every ' CLOSE-WAIT 0')" "$(cat states)"
for host in $retired; do
	check "fix: $host: it is told, as it was when it was found" finding closewait.leak action=fixed "count=$threads" "peer=$host:$(cat port)" "threads=$threads" 'age_ms=[2-9][0-9][0-9][0-9]' \
		"message=$threads sockets to $host:* in CLOSE_WAIT, the oldest for [2-9]*s, *, last used [2-9]*s ago; $threads threads made one each: $threads ended"
done
same "fix: descriptors are the program's own; send fails, close succeeds" "$(said "$all" 0 "$all")" "$(grep -v '^ECONNRESET' fix.out)"
reset=$(sed -n 's/^ECONNRESET before EPIPE: //p' fix.out)
check "fix: ECONNRESET comes first where the peer's host has forgotten it, and nowhere else" [ "${reset:-0}" -le $((all - $(cat known_there))) ]

cd "$tmp/mended" || exit 99
same "the service as its author mended it: it closes them" "$(every ' CLOSE-WAIT 0')" "$(cat states)"
check "… nothing to report" quiet
same "… and it works as ever" "$(said 0 0 0)" "$(cat mended.out)"

cd "$tmp/push" || exit 99
same "half-closed, and still sent to: they stay" "$(every " CLOSE-WAIT $threads")" "$(cat states)"
check "… nothing to report" quiet
same "… and it works as ever" "$(said "$all" "$all" 0)" "$(cat push.out)"

cd "$tmp" || exit 99
finish
