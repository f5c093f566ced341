# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2016
# Option metrics on real programs: the file that node_exporter is to read, while they run and when they have ended, and the line run.sample.
. "$FDG_SRC/tests/harness/lib.sh"
here=$FDG_SRC/tests/metrics
python=/usr/bin/python3
need mkfifo timeout "$python"
umask 022

# reads FILE EXPRESSION…
reads() { "$python" "$here/read.py" "$@"; }
# wait_for SENTENCE CMD…: until CMD succeeds, for 20 s.
wait_for() {
	sentence=$1
	shift
	for _ in $(seq 400); do
		"$@" >/dev/null 2>&1 && break
		sleep 0.05
	done
	check "$sentence" "$@"
}
# serve NAME OPTIONS [PEERS]: server.py in the background; its output in the file NAME, its standard input a FIFO that descriptor 7 keeps open.
serve() {
	mkfifo "$1.in"
	options=$2
	guarded "$options" timeout -s KILL 60 "$python" "$here/server.py" ${3:+"$3"} <"$1.in" >"$1" 2>"$1.err" 7>&- &
	server=$!
	exec 7>"$1.in"
	wait_for "$1 has what it is to have" grep -q '^open=' "$1"
}
stop() {
	exec 7>&-
	wait "$server"
}
said() { sed -n "s/^$2=//p" "$1"; }

# ---- while it runs ----
serve one "metrics=$tmp/%e.%p.prom:only=python3*:closewait.age=1s" 20
file=$tmp/$(basename "$(readlink -f "$python")").$(said one pid).prom
wait_for "the file is there, by %e and %p, while the program runs" reads "$file" 'v("fdguard_run_ended") == 0' 'n("fdguard_close_wait_sockets") > 0'
check "both parsers read it" reads "$file"
check "who it is about" reads "$file" "v('fdguard_run_info', by='preload', pid='$(said one pid)') == 1" "0 <= $(date +%s) + 1 - v('fdguard_run_start_time_seconds') < 60"
check "as many descriptors as /proc tells" reads "$file" "v('fdguard_open_descriptors') == $(said one open)" "v('fdguard_limit_descriptors') == $(sh -c 'ulimit -n')"
check "by kind" reads "$file" 'v("fdguard_descriptors", kind="tcp_socket") == 28' 'v("fdguard_descriptors", kind="udp_socket") == 4' 'v("fdguard_descriptors", kind="epoll") == 1' \
	'v("fdguard_descriptors", kind="pipe") >= 6' "sum(found('fdguard_descriptors')) == $(said one open)"
check "CLOSE_WAIT by peer: the largest, accepted ones without a port, and of 22 peers no more than 16 by name" reads "$file" \
	"v('fdguard_close_wait_sockets', peer='$(said one first)') == 5" "v('fdguard_close_wait_sockets', peer='127.0.0.1:*') == 2" \
	'n("fdguard_close_wait_sockets") == 17' 'v("fdguard_close_wait_sockets", peer="others") == 6' 'sum(found("fdguard_close_wait_sockets")) == 27'
check "it may be read by others" sh -c 'case $(stat -c %a "$0") in 644) ;; *) exit 1 ;; esac' "$file"
wait_for "(what nobody closes is told of)" found '"id":"closewait.leak"'
stop
turns=$(said one turns)
check "at the end it is written again, and says so" reads "$file" 'v("fdguard_run_ended") == 1'
check "wake-ups: all, and no more than there were" reads "$file" "v('fdguard_wakeups_total') == $turns + 1"
check "findings by id, also those that there are not" reads "$file" 'v("fdguard_findings_total", id="closewait.leak", action="reported") >= 1' \
	'v("fdguard_findings_total", id="epoll.spin", action="reported") == 0' 'n("fdguard_findings_total", action="fixed") == 0'
same "as many as the log has" "$(findings '"id":"closewait.leak"' | wc -l)" "$(sed -n 's/^fdguard_findings_total.*id="closewait.leak",action="reported"} //p' "$file")"
same "nothing is left beside it" "$file" "$(ls "$tmp"/*.prom*)"
check "run.sample has the same numbers" found "\"id\":\"run.sample\".*\"open\":$(said one open),\"limit_nofile\":.*\"sockets\":32,.*\"close_wait\":27,\"wakeups\":[0-9]*,\"close_wait_peers\":\[{\"peer\":\"$(said one first)\",\"count\":5}"
check "a peer that is gone is told of once more, with 0" found "\"id\":\"run.sample\".*{\"peer\":\"$(said one first)\",\"count\":0}"
check "fdguard report draws it" "$FDG_RUN" report --html page.html log
check "(CLOSE_WAIT by peer, and wake-ups)" sh -c 'grep -q "$1" page.html && grep -qi "wake-ups" page.html' sh "$(said one first)"
fresh

# ---- what is counted ----
guarded "metrics=$tmp/fixed.prom:log=none" sh -c 'true' 2>err
check "a short program is told of at its end" reads fixed.prom 'v("fdguard_run_ended") == 1' 'v("fdguard_open_descriptors") >= 3'
guarded "metrics=$tmp/forced.%e.prom:log=none:format=text" "$FDG_BIN/monitor" true >/dev/null 2>&1
check "findings are counted where no log has them, those too that are notes" reads forced.true.prom 'v("fdguard_findings_total", id="cloexec.forced", action="fixed") == 2'
same "(no log has them)" "" "$(cat log 2>/dev/null)"

# ---- names ----
odd='a"b\c é'
cp "$(command -v sleep)" "$odd"
guarded "metrics='$tmp/odd.prom':log=none" "./$odd" 0.01
check "a name with quotes, a backslash and more than ASCII" reads odd.prom "n('fdguard_run_info', program='a\"b\\\\c é') == 1"
bytes=$(printf 'x\377\ny')
cp "$(command -v sleep)" "$bytes"
guarded "metrics=$tmp/bytes.prom:log=none" "./$bytes" 0.01
check "a name that is not UTF-8, with a newline" reads bytes.prom 'n("fdguard_run_info") == 1'

# ---- what is there already ----
mkfifo fifo
ln -s target link
mkdir folder
for there in fifo link folder /dev/null; do
	case $there in /*) path=$there ;; *) path=$tmp/$there ;; esac
	guarded "metrics=$path:log=none" true 2>err
	check "$there is no regular file: it stays, and that is said" grep -q "metrics: $path could not be written: it is there, and no regular file" err
done
check "as they were" sh -c '[ -p fifo ] && [ -L link ] && [ ! -e target ] && [ -d folder ] && [ -c /dev/null ]'
guarded "metrics=$tmp/none/x.prom:log=none" sh -c "(true); true" 2>err
same "a folder that is missing is said once" "fdguard: metrics: $tmp/none/x.prom could not be written: its folder does not exist" "$(cat err)"
sh -c 'ulimit -f 1; exec env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="metrics=$1/big.prom:log=none" sh -c "echo went on"' sh "$tmp" >out 2>err
check "a limit on the size of files ends nobody" grep -q 'went on' out
same "and leaves no part of a file" "" "$(ls "$tmp"/big.prom* 2>/dev/null)"

# ---- many at once ----
for i in $(seq 20); do
	guarded "metrics=$tmp/shared.prom:log=none" sh -c "exec true $i" &
	pids="${pids:-} $!"
done
torn=0
for _ in $(seq 15); do
	[ ! -e shared.prom ] || reads shared.prom 2>torn || torn=1
done
for pid in $pids; do wait "$pid"; done
same "whoever reads it meanwhile reads all of one" 0 "$torn"
check "the last one wins" reads shared.prom 'n("fdguard_run_info") == 1'
guarded "metrics=$tmp/child.%p.prom:log=none" "$python" -c 'import os
if os.fork() == 0: os._exit(0)
os.wait()'
same "a child that was there for a moment leaves no file" 1 "$(find . -name "child.*.prom" | wc -l)"

"$FDG_RUN" check --fail-on note --set "metrics=$tmp/checked.prom" -- true >out 2>&1
same "fdguard check knows the line run.sample, and that it is no finding" 0 $?

# ---- from outside ----
"$FDG_RUN" run --observe --json --log "$tmp/log" --set "metrics=$tmp/static.%p.prom" -- "$FDG_BIN/acts" copy dup >/dev/null 2>&1 7>&-
from_outside() { for static in "$tmp"/static.*.prom; do reads "$static" "$@"; done; }
wait_for "a static program's supervisor writes it" from_outside 'v("fdguard_run_info", by="supervisor") == 1' 'v("fdguard_run_ended") == 1' 'v("fdguard_findings_total", id="nonblock.shared") == 1'
finish
