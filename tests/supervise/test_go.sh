# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Go makes its system calls itself: no preload sees them. A connection whose copy is turned blocking keeps a thread each, and its deadline never fires. However the program was linked, the line is
# told that has it done.
. "$FDG_SRC/tests/supervise/lib.sh"
need go strace
ulimit -n "$(ulimit -H -n)"

export HOME="$tmp" GOCACHE="$tmp/cache" GO111MODULE=off GOFLAGS=-p=2
. "$FDG_SRC/tests/supervise/builds.sh"
bad_all="a thread for each"
good_all="500 of 500 deadlines fired, few threads: true"
log="format=json:log=$tmp/log"
line=$(grep -n "_ = f.Fd()" "$FDG_SRC/tests/supervise/dial.go" | cut -d: -f1)

inlined=$(grep -n "^func short" "$FDG_SRC/tests/supervise/dial.go" | cut -d: -f1)

# sites: the different sites of the findings
sites() { findings nonblock.shared | sed 's/.*"site":\[{\([^}]*\)}\].*/\1/' | sort -u; }

for build in $builds; do
	go_build "$build" "$FDG_SRC/tests/supervise/dial.go" || bad "dial.go does not compile ($build)"
	fresh
	same "$build: observed, nothing changes" "$bad_all" "$(FDGUARD_OPTIONS=$log "$supervise" "./$build" "$build" file 500)"
	check "$build: it is told of" found "$build turned fd [0-9]* (TCP socket to 127.0.0.1:[0-9]*) blocking by F_SETFL, and with it fd [0-9]*, which shares"
	check "$build: how many there were" eventually found '"count":500,"peer":"127.0.0.1:'
	same "$build: all of them at one place" 1 "$(sites | wc -l)"
	check "$build: whose line it says" found "\"symbol\":\"main.tune+0x[0-9a-f]*\",\"file\":\"[^\"]*/dial.go\",\"line\":$line,\"calls\":\"os.(\*File).Fd\"}"
done
check "what to do is said" found '"fix":"leave out File() and Fd()'
same "the last one, without us" "$bad_all" "$("./$build" file 500)"

fresh
FDGUARD_OPTIONS=$log "$supervise" ./static static inlined 20 >/dev/null
check "a function that is inlined is told by its own name" found "\"symbol\":\"main.main.func[0-9]*+0x[0-9a-f]*\",\"function\":\"main.short\",\"file\":\"[^\"]*/dial.go\",\"line\":$inlined,\"calls\":\"syscall.SetNonblock\""
fresh
FDGUARD_OPTIONS=$log "$supervise" ./static static value 1 >/dev/null
check "a method value is told by the method's name" found "\"symbol\":\"main.call+0x[0-9a-f]*\",\"file\":\"[^\"]*/dial.go\",\"line\":[0-9]*,\"calls\":\"os.(\*File).Fd\"}"
check "and what to do is the same" found '"fix":"leave out File() and Fd()'
fresh
FDGUARD_OPTIONS=$log:stacks=4 "$supervise" ./static static file 1 >/dev/null
check "its callers are told too" found '"symbol":"main.tune+0x[^}]*},{[^}]*"symbol":"main.main+0x[0-9a-f]*","file":"[^"]*/dial.go"'
"$supervise" ./stripped stripped file 500 2>err >out
check "the last number comes when the program has ended" eventually grep -q '^  changed there so far: 500$' err
check "the same in text" grep -q "^  changed at main.tune at .*/dial.go:$line (.*/stripped+0x[0-9a-f]*), by os.(\*File).Fd\$" err

FDGUARD_BUILD_DIR=$(dirname "$FDG_BIN") "$FDG_SRC/scripts/fdguard" check -- ./stripped file 20 >out 2>&1
same "fdguard check fails" 99 $?
check "and tells the line that no debug information has" grep -q "^ *changed at main.tune at .*dial.go:$line (stripped+0x" out

same "static, without us" "$bad_all" "$(./static file 500)"
same "nor with the preload" "$bad_all" "$(env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=nonblock=fix:log=none ./static file 500)"
for build in static cgo; do
	fresh
	same "$build: fixed, all deadlines fire" "$good_all" "$(FDGUARD_OPTIONS=$log:nonblock=fix "$supervise" "./$build" "$build" file 500)"
	check "$build: which is said" found '"action":"fixed"'
	check "$build: to its end" eventually found '"id":"run.end"' # else its last lines would be in the next one's log
	fresh
	same "$build: its right twin" "$good_all" "$(FDGUARD_OPTIONS=$log:nonblock=fix "$supervise" "./$build" "$build" control 500)"
	check "$build: is silent" quiet
done

fresh
FDGUARD_OPTIONS=$log "$FDG_BIN/outer" deny "$supervise" ./static static file 1 >/dev/null
check "where process_vm_readv is refused the line is told as well" found "\"symbol\":\"main.tune+0x[0-9a-f]*\",\"file\":\"[^\"]*/dial.go\",\"line\":$line"

GOCACHE=$GOCACHE sh "$FDG_SRC/tests/bench/echo.sh" "$(dirname "$FDG_BIN")" 1 50 >out 2>&1
same "the benchmark of the echo server runs" "bare supervised strace_--seccomp-bpf strace_-f" "$(awk -F '\t' '!/^#/ && $2 > 0 && $3 > 0 { gsub(" ", "_", $1); print $1 }' out | paste -s -d ' ' -)"

go version >want 2>&1
"$supervise" "$(readlink -f "$(command -v go)")" go version >got 2>&1
check "Go's own tool runs as it does" cmp -s want got

finish
