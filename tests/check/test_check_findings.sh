# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What is found is named by function, file and line, once for each place, in the text, in JSON and in the files of --out.
. "$FDG_SRC/tests/check/lib.sh"
need python3

for kind in socket epoll file pipe dup; do
	line=$(awk "/^MAKER make_$kind\\(/ { f = 1 } f && /(socket|epoll_create1|open|pipe|dup)\\(.*;/ && !/SOCK_CLOEXEC/ { print NR; exit }" "$FDG_SRC/tests/guards/cloexec_wrong.c")
	exits "$kind" 99 -- cloexec-wrong $kind fork show-fds
	says "$kind: the function" "made at make_$kind"
	[ -z "${FDG_LIBDW:-}" ] || says "$kind: file and line" "made at make_$kind at .*cloexec_wrong.c:$line "
	says "$kind: what to do" '^     fix: '
	exits "$kind, right" 0 --fail-on note -- cloexec-right $kind fork show-fds
done

exits 'many reports of one place' 99 -- sh -c 'for i in 1 2 3 4 5 6 7; do cloexec-wrong socket system show-fds; done'
same 'are one finding' 1 "$(grep -c '\[cloexec\.leaked\]' summary)"
says 'with a count' '^     seen: 7 times in 7 processes (a process reports a place once): pid [0-9, ]*…$'

# leak PID COUNT
leak() {
	printf '{"v":1,"time":"2026-11-22T10:00:00.000Z","pid":%s,"tid":%s,"exe":"/bin/pool","guard":"closewait","id":"closewait.leak","level":"warning","action":"reported",' "$1" "$1"
	printf '"message":"%s sockets to nobody","count":%s,"created":[{"object":"/bin/pool","offset":"0x1234","symbol":"dial+0x4"}]}\n' "$2" "$2"
}
{ leak 77 6 && leak 77 10 && leak 77 9; } >grown
exits 'a place that is told of again' 99 -- sh append.sh <grown
says 'is shown as it was at its worst' '^  1\. warning: 10 sockets to nobody'
says 'and why it was told again' '^     seen: 3 times in 1 process (a process reports a place again when there is more of it, or another peer; above is the report with the highest count): pid 77$'
{ leak 77 6 && leak 78 10; } >grown
exits 'a place of two processes' 99 -- sh append.sh <grown
says 'is told once by each' '^     seen: 2 times in 2 processes (a process reports a place once): pid 77, 78$'

run_check --out results --leaks -- sh -c 'cloexec-wrong socket fork show-fds; cloexec-wrong pipe spawn "$0"' "$FDG_BIN/show-fds"
same 'two places are two findings' 2 "$(grep -c '\[cloexec\.leaked\]' summary)"
check 'the summary is kept' cmp -s summary results/summary.txt
printf '#!/bin/bash\n:\n' >script.sh
chmod +x script.sh
exits 'a script' 0 --leaks -- ./script.sh
says 'is none of what its shell left open' '^Nothing was still open'
run_check --out results --leaks -- sh -c 'cloexec-wrong socket fork show-fds; cloexec-wrong pipe spawn "$0"' "$FDG_BIN/show-fds"
says '--leaks tells what was open at the end' '^  2 x pipe, made at make_pipe.* in .*/cloexec-wrong$'
python3 - <<'EOF'
import json
run = json.load(open("results/findings.json"))
log = [json.loads(line) for line in open("results/log.jsonl") if line.strip()]
assert run["v"] == 1 and run["exit_status"] == 99 and run["cmd_status"] == 0, run
assert [f["fails"] for f in run["findings"]] == [True, True], run
assert sorted(f["fingerprint"] for f in run["findings"]) == [
    "cloexec.leaked kind=UDP-socket site=cloexec-wrong:child_run created=cloexec-wrong:make_socket peer=none",
    "cloexec.leaked kind=pipe site=cloexec-wrong:child_run created=cloexec-wrong:make_pipe peer=none"] or "child_spawn" in str(run)
assert {o["kind"]: o["count"] for o in run["open"]} == {"UDP socket": 1, "pipe": 2}, run["open"]
starts = [l for l in log if l["id"] == "run.start"]
assert len(starts) == len(run["images"]) == 5 and all(i["ended"] for i in run["images"]), run["images"]
assert sum(l["id"] == "cloexec.leaked" for l in log) == 2
EOF
same 'findings.json and log.jsonl agree' 0 $?

run_check --json --log run.json -- cloexec-wrong socket fork show-fds
check '--json is one document' python3 -m json.tool run.json
same 'and all of the talk' '' "$(cat summary)"
run_check --log run.txt -- cloexec-wrong socket fork show-fds
check '--log takes the text' grep -q '^fdguard check: FAILED: 1 finding' run.txt
printf 'longer than what comes\n%s\n' "$(seq 2000)" >run.txt
run_check --log run.txt -- true
refuse 'and nothing is left of what was there' grep -q 1999 run.txt
run_check --junit j.xml --sarif s.json --github -- cloexec-wrong socket fork show-fds
check 'JUnit is XML' python3 -c 'import xml.dom.minidom; assert "cloexec.leaked" in xml.dom.minidom.parse("j.xml").toxml()'
check 'SARIF is JSON' python3 -c 'import json; assert json.load(open("s.json"))["runs"][0]["results"]'
says 'GitHub gets an annotation' '^::error .*cloexec.leaked'

# The environment of CMD is the caller's, but for ours.
env -i A=1 'B-C=2' PATH="$PATH" FDGUARD_BUILD_DIR="$FDGUARD_BUILD_DIR" "$FDG_RUN" check -- env 2>summary | grep -v -e '^LD_PRELOAD=.*libfdguard\.so$' -e '^FDGUARD_OPTIONS=' -e '^ASAN_OPTIONS=verify_asan_link_order=0$' | sort >environment
printf '%s\n' A=1 B-C=2 "FDGUARD_BUILD_DIR=$FDGUARD_BUILD_DIR" "PATH=$PATH" | sort >wanted
same "CMD's environment" "$(cat wanted)" "$(cat environment)"
finish
