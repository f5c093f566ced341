# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The launcher decides by the program. Trees of static, Go and dynamic programs behave as they do without us, and what is wrong in any of them is told of once.
. "$FDG_SRC/tests/supervise/lib.sh"
need go gofmt busybox gcc
. "$FDG_SRC/tests/supervise/builds.sh"
export HOME="$tmp" GOCACHE="$tmp/cache" GO111MODULE=off GOFLAGS=-p=2
hands=$FDG_BIN/hands dynamic=$FDG_BIN/hands-dynamic
go_build static "$FDG_SRC/tests/supervise/leak.go" || bad "leak.go does not compile"

# run ARG…: `fdguard run`, findings as JSON in $tmp/log
run() { "$FDG_RUN" run --json --log "$tmp/log" "$@"; }

# ---- a Go parent ----
for child in "$hands" "$dynamic"; do
	fresh
	same "a Go program's sockets are not handed to ${child##*/}" "open" "$(run -- ./static leak "$child" list)"
	check "which is said, with the line that started it" found '"id":"cloexec.forced".*"message":"3 UDP sockets of static .*"symbol":"main.main[^"]*","file":"[^"]*/leak.go","line":[0-9]*,"calls":"os/exec'
	fresh
	same "or are, where it is only observed" "3 4 5 open" "$(run --observe -- ./static leak "$child" list)"
	same "which is told of once" "cloexec.leaked" "$(findings '"level":"\(warning\|error\)"' | sed 's/.*"id":"\([^"]*\)".*/\1/')"
	fresh
	same "ExtraFiles get there" "3 4 5 6 open" "$(run -- ./static extra "$child" list)"
	refuse "and are no leak" found '"guard":"cloexec"'
	same "without sockets nothing is said" "open" "$(run -- ./static none "$child" list)"
	check "(nothing)" quiet
done

# ---- what kind of program it is ----
go_build pie "$FDG_SRC/tests/supervise/leak.go"
supervised() { findings run.start | grep -q '"supervised":1'; }
fresh
run -- "$dynamic" list >/dev/null
refuse "a dynamic program is not supervised" supervised
fresh
run --supervise -- sh -c '"$0" list; "$1" list' "$hands" "$dynamic" >/dev/null
check "unless it is asked for: then what it starts is" supervised
same "and what is preloaded speaks for itself" "hands-dynamic" "$(findings run.start | grep -v supervised | grep -o 'hands-dynamic' | sort -u)"
fresh
same "a dynamic Go program is" "open" "$(run -- ./pie leak "$hands" list)"
check "(it has the preload, which sees nothing there)" found '"id":"cloexec.forced".*3 UDP sockets of pie'
fresh
same "but not with --no-supervise" "3 4 5 open" "$(run --no-supervise -- ./static leak "$hands" list)"
check "which is said" found '"id":"run.uncovered".*statically linked'
fresh
same "nor under a filter that others answer for" "3 4 5 open" "$("$FDG_BIN/outer" listener "$FDG_RUN" run --json --log "$tmp/log" -- ./static leak "$hands" list)"
check "which is said" found '"id":"run.uncovered".*another program answers for'
fresh
same "a dynamic program there is guarded all the same" "open" "$("$FDG_BIN/outer" listener "$FDG_RUN" run --supervise -- "$dynamic" fork "$hands" list 2>err)"
check "and told how" grep -q 'note: .*hands-dynamic is guarded by the preloaded library alone: it is under a seccomp filter' err
fresh
same "options that are accepted and not built are told of once" 1 "$("$FDG_RUN" run --set select.fortify=fix -- ./static none "$hands" list 2>&1 | grep -c 'not built')"

check "the preload works beside a supervisor as it does alone: ours is no filter to be careful of" sh -c '"$FDG_RUN" run --supervise --set log=none -- "$FDG_BIN/unit-report-sink" >unit 2>&1'

# ---- check ----
"$FDG_RUN" check --supervise -- sh -c '"$0" list; ./static none "$1" list; "$2" fork "$0" list' "$hands" "$dynamic" "$dynamic" >out 2>summary
same "check covers static and Go children of a dynamic program" 99 $?
check "and finds what the dynamic one hands to the static one" grep -q 'hands (pid [0-9]*) inherited 3 UDP sockets from hands-dynamic .* made at main' summary
check "all are covered" grep -q '^Covered: 6 programs ran guarded, 0 did not$' summary
"$FDG_RUN" check --supervise -- sh -c './static leak "$0" list; setsid bash-static -c "sleep 30; :" >/dev/null 2>&1 & echo $! >pid' "$hands" >out 2>summary
check "and what a Go program hands on" grep -q 'hands (pid [0-9]*) inherited 3 UDP sockets from static' summary
check "by its line" grep -q 'started at main.main at .*leak.go:[0-9]*' summary
check "who was left running is listed" grep -q 'sleep 30' summary
refuse "but for our own" grep -q 'fdguard: ' summary
kill "$(cat pid)"

# ---- the same as without us ----
# both SENTENCE CMD…: output and status, bare and supervised; and nothing to say.
both() {
	sentence=$1
	shift
	fresh
	"$@" >bare 2>&1
	echo "status $?" >>bare
	"$FDG_RUN" run --supervise --json --log "$tmp/log" -- "$@" >guarded 2>&1
	echo "status $?" >>guarded
	if cmp -s bare guarded && quiet && [ "$(wc -l <bare)" -gt 1 ]; then ok "$sentence"; else
		bad "$sentence"
		diff bare guarded | head -n 5 | sed 's/^/# /'
	fi
}
box="$(command -v busybox)"
printf '%s\n' three one two >lines
both "busybox's applets in a pipeline" "$box" sh -c 'busybox cat lines | busybox sort | busybox tr a-z A-Z; busybox seq 3 | busybox wc -l; echo $(busybox basename /a/b)'
both "a static shell's loops, here documents and redirections" bash-static -c 'for i in 1 2 3; do echo $i; done >out.txt; while read -r x <&3; do echo "got $x"; done 3<out.txt; cat <<X
here
X
exec 4>&1; (echo to 4 >&4) 4>&1; cat <(echo substituted); coproc cat; echo through >&${COPROC[1]}; read -r y <&${COPROC[0]}; echo "$y"; exit 7'
both "make with jobs, from a static shell" bash-static -c 'printf "all: a b c\na b c:\n\t@echo \$@; bash-static -c \"exit 0\"\n" >Makefile; make -j2 -Otarget | sort'
mkdir -p src/sample/lib
printf 'package main\n\nimport "fmt"\nimport "./lib"\n\nfunc main() { fmt.Println(  lib.Answer() ) }\n' >src/sample/main.go
printf 'package lib\n\nfunc Answer() int { return 42 }\n' >src/sample/lib/lib.go
both "gofmt" gofmt src/sample/main.go
both "go build, and what it built" sh -c 'rm -f sample; go build -o sample ./src/sample && ./sample'
both "a program of C's that is linked statically by gcc" sh -c 'echo "int main(void){return 3;}" >three.c; gcc -static -o three three.c && ./three; echo $?'

finish
