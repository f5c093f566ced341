# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A Go program with C in it, linked dynamically: the preload is there and sees what C does, the supervisor sees all. Each thing is told once, by who knows.
. "$FDG_SRC/tests/supervise/lib.sh"
need go python3

export HOME="$tmp" GO111MODULE=off GOFLAGS=-p=2 FDGUARD_BUILD_DIR="${FDG_BIN%/bin}"
. "$FDG_SRC/tests/supervise/builds.sh"
go_build cgo "$FDG_SRC/tests/supervise/mixed.go" || bad "mixed.go does not compile"
mv cgo mixed

# mixed OPTIONS HOW
mixed() {
	options=$1
	shift
	# shellcheck disable=SC2086
	"$FDG_SRC/scripts/fdguard" run --json --log "$tmp/log" $options -- ./mixed "$@"
}
told() { findings "$1" | wc -l; }

fresh
for how in own setfl; do
	mixed "--set metrics=$tmp/%p.prom" "$how" >/dev/null
	for _ in $(seq 200); do # the supervisor hears of the end after it
		grep -qs '^fdguard_run_ended{.*} 1' "$tmp"/*.prom && break
		sleep 0.05
	done
	set -- "$tmp"/*.prom
	same "metrics: one file, by who sees it all ($how)" "1 1" "$# $(grep -c '^fdguard_run_info{.*program="mixed".*by="supervisor"} 1' "$1")"
	check "its end, and what was open" sh -c 'grep -q "^fdguard_run_ended{.*} 1" "$1" && grep -q "^fdguard_open_descriptors{.*} [1-9]" "$1" && grep -q "^fdguard_limit_descriptors{.*} [1-9]" "$1"' sh "$1"
	rm -f "$@"
done

line=$(grep -n "C.by_fionbio(" "$FDG_SRC/tests/supervise/mixed.go" | cut -d: -f1)
for how in "setfl:by_setfl" "fionbio:main.turn" dup:by_setfl own:by_setfl; do
	site=${how#*:}
	how=${how%:*}
	fresh
	same "$how: observed, it does what it would" blocking "$(mixed '' "$how")"
	check "$how: it is told of" found '"id":"nonblock.shared","level":"warning","action":"reported","message":"mixed turned fd [0-9]* ([A-Z]* socket.*, which shares its description'
	check "$how: the C function that did it" found "\"symbol\":\"$site+0x"
	same "$how: once" 1 "$(told nonblock.shared)"
	[ "$how" != fionbio ] || check "$how: by whose line, where it is part of what cgo makes" found "\"symbol\":\"main.turn+0x[0-9a-f]*\",\"file\":\"[^\"]*/mixed.go\",\"line\":$line,\"calls\":\"C.by_fionbio\"}"
	fresh
	same "$how: fixed, the other one is as it was" non-blocking "$(mixed '--set nonblock=fix' "$how")"
	check "$how: which is said" found '"id":"nonblock.shared","level":"warning","action":"fixed"'
	same "$how: (once)" 1 "$(told nonblock.shared)"
done

fresh
mixed '--set stacks=4' dup >/dev/null
check "C's callers, and Go's below them" found '"symbol":"by_setfl+0x[^}]*},{[^}]*"symbol":"\(by_dup\|main.turn\)+0x[^}]*},.*"symbol":"main.main+0x[0-9a-f]*","file":"[^"]*/mixed.go"'
fresh
same "without a supervisor it does what it would" blocking "$(mixed --no-supervise own)"
same "and the preload tells what it knows" 1 "$(told nonblock.shared)"

cat >strays.py <<'P'
import os, socket, sys
a, b = socket.socket(), socket.socket()
os.dup2(a.fileno(), 20)
os.dup2(b.fileno(), 21)
os.execvp(sys.argv[1], sys.argv[1:])
P
fresh
same "started with descriptors that nobody named" blocking "$(python3 strays.py "$FDG_SRC/scripts/fdguard" run --json --log "$tmp/log" -- ./mixed setfl)"
same "it says so once" 1 "$(told cloexec.inherited)"
fresh
python3 strays.py "$FDG_SRC/scripts/fdguard" run --json --log "$tmp/log" --close-inherited -- ./mixed setfl >/dev/null
check "and closes them where that is asked for" found '"id":"cloexec.inherited".*"action":"fixed"'

# check: what no preload sees is not passed, whoever started it; and an end past the C library is this program's way.
fresh
"$FDG_SRC/scripts/fdguard" check --no-supervise -- sh -c './mixed setfl; :' >said 2>&1
same "check without a supervisor: it ran unguarded" 98 $?
check "which it says" grep -q 'mixed runs unguarded: it is a Go program.*\[run.uncovered\]' said
"$FDG_SRC/scripts/fdguard" check --supervise -- sh -c './mixed setfl; :' >said 2>&1
same "check with one finds what there is" 99 $?
check "and misses nobody's end" grep -q '^Covered: [0-9]* programs ran guarded, 0 did not$' said

finish
