# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # variables of the files that it reads
# A run with all five field cases, each process with a log of its own, and its page: what, where, since when and what to do stand on one screen.
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/lib.sh
. "$FDG_SRC/tests/cases/lib.sh"
# shellcheck source=tests/cases/swarm.sh
. "$FDG_SRC/tests/cases/swarm.sh"
# shellcheck source=tests/cases/service.sh
. "$FDG_SRC/tests/cases/service.sh"
trap 'status=$?; service_cleanup; cases_end; exit $status' EXIT
need lynx chromium-headless-shell /usr/bin/python3
cases_begin
mkdir logs
cat >bin/watched <<END
#!/bin/sh
FDGUARD_OPTIONS="format=json:log='$tmp/logs/%e.%p.jsonl':closewait.age=1s" exec fdguard run --observe -- "\$@"
END
chmod +x bin/watched

probe lynx watched monitor >/dev/null 2>&1
probe tcp-libc watched monitor -n 1041 >/dev/null 2>&1
watched "$FDG_BIN/listeners" process 4 400 >/dev/null 2>&1
watched "$FDG_BIN/event-loop" udp old 0 2 </dev/null >/dev/null 2>&1
swarm copy watched >/dev/null 2>&1
service_starts service old watched
replaced
await grep -q '"id":"closewait.leak"' logs/service-a.*.jsonl
service_ends

check 'the logs are put together' "$FDG_RUN" report --html page.html logs >text
for id in cloexec.leaked select.overflow closewait.leak reuseport.reset epoll.spin nonblock.shared; do
	check "the text has $id" grep -q "^$id: " text
done
/usr/bin/python3 "$FDG_SRC/tests/report/glance.py" page.html >told 2>errors </dev/null
same 'the browser was driven to the end' 0 $?
sed 's/^/# /' errors
while IFS= read -r told; do
	case $told in
	'ok '*) ok "${told#ok }" ;;
	*) bad "${told#not ok }" ;;
	esac
done <told
finish
