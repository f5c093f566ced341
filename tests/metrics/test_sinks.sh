# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2317
# log=syslog and log=journal, to sockets of our own at the places where the daemons have theirs: in a mount namespace, with another /run and /dev.
if [ "${1-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --mount sh "$0" inside
	exec unshare --user --map-root-user --mount sh "$0" inside
fi
. "$FDG_SRC/tests/harness/lib.sh"
here=$FDG_SRC/tests/metrics
python=/usr/bin/python3
need mount timeout unshare "$python"

mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/dev && mount -t tmpfs none /run/dev
check 'a /run and a /dev of our own' [ -d /run/dev ]
for name in null zero tty urandom; do
	: >"/run/dev/$name"
	mount --bind "/dev/$name" "/run/dev/$name"
done
mkdir /run/dev/shm
mount --rbind /run/dev /dev

parts() { "$python" "$here/datagrams.py" "$@"; }
# binds SOCKET FILE [deaf]
binds() {
	"$python" "$here/daemon.py" "$@" &
	daemon=$!
	for _ in $(seq 400); do
		[ -e "$2" ] && return
		sleep 0.02
	done
	bad "a daemon at $1"
}
ends() {
	kill "$1"
	wait "$1" 2>/dev/null
}
# leak OPTIONS: a program whose child says that it inherited sockets, and an epoll.
leak() {
	env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="$1" "$FDG_BIN/monitor" true 2>err
}
# taken FILE: a daemon writes a datagram a moment after it was sent.
taken() {
	for _ in $(seq 200); do
		[ -s "$1" ] && break
		sleep 0.02
	done
	cat "$1" >/dev/null
}

# ---- syslog ----
binds /dev/log log1
leak log=syslog:cloexec=report
taken log1
check "syslog: a message of RFC 5424" parts syslog log1 'len(d) == 2'
check "priority, program, pid, and the finding's id" parts syslog log1 'd[0]["pri"] == "11"' 'd[0]["program"] == "true"' 'd[0]["pid"] == [d[0]["procid"]]' 'd[0]["msgid"] == "cloexec.leaked"'
check "our fields" parts syslog log1 'd[0]["id"] == ["cloexec.leaked"]' 'd[0]["level"] == ["error"]' 'd[0]["action"] == ["reported"]' 'd[0]["count"] == ["1100"]' 'd[0]["kind"] == ["UDP socket"]' \
	'"dns_pool_open" in d[0]["created"][0]' 'd[0]["exe"][0].endswith("/true")'
check "the sentence, its id and what to do" parts syslog log1 'd[0]["message"].startswith("fdguard: error: true (pid ")' '" [cloexec.leaked]; fix: " in d[0]["message"]'
same "nothing is said elsewhere" "" "$(cat err)"
odd='q"]\\x é'
cp /bin/true "$odd"
env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=log=syslog:cloexec=report "$FDG_BIN/monitor" "./$odd" 2>err
ends "$daemon"
check "quotes, brackets and backslashes are escaped, a message that is more than ASCII says so" parts syslog log1 'd[-1]["exe"][0].endswith("/q\"]\\\\x é")' 'd[-1]["program"] == "q\"]\\\\x___"'

# ---- nobody there ----
rm -f /dev/log
leak log=syslog:cloexec=report
same "no daemon: findings go to standard error" 2 "$(grep -c '^fdguard: error: true (pid .*\[cloexec.leaked\]$' err)"
same "and that is said once" 1 "$(grep -c '^fdguard: log=syslog: /dev/log: nobody listens there; what it does not take is written to standard error$' err)"
leak log=syslog:cloexec=report:format=json
check "as JSON where that is asked for" grep -q '^{"v":1.*"id":"cloexec.leaked"' err
binds /dev/log log2 deaf
leak log=syslog:cloexec=report
ends "$daemon"
check "a daemon that takes nothing: standard error, after a moment" grep -q '\[cloexec.leaked\]$' err
check "(told why)" grep -q '/dev/log: it was full and nobody read it; what it does not take' err

# ---- journal ----
binds /run/systemd/journal/socket log3
leak log=journal:cloexec=report
taken log3
check "journal: a datagram of its protocol" parts journal log3 'len(d) == 2'
check "priority, program, the paragraph that a log file would have" parts journal log3 'd[0]["PRIORITY"] == ["3"]' 'd[0]["SYSLOG_IDENTIFIER"] == ["true"]' \
	'd[0]["MESSAGE"][0].startswith("fdguard: error: true (pid ")' '"\n  fix: " in d[0]["MESSAGE"][0]'
check "our fields" parts journal log3 'd[0]["FDGUARD_ID"] == ["cloexec.leaked"]' 'd[0]["FDGUARD_COUNT"] == ["1100"]' 'd[0]["FDGUARD_KIND"] == ["UDP socket"]' \
	'"dns_pool_open" in d[0]["FDGUARD_CREATED"][0]' 'd[0]["FDGUARD_LEVEL"] == ["error"]'
same "nothing is said elsewhere" "" "$(cat err)"
lines=$(printf 'two\nlines')
cp /bin/true "$lines"
env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=log=journal:cloexec=report "$FDG_BIN/monitor" "./$lines" 2>err
check "a value with a newline is written in the binary form" parts journal log3 'd[-1]["FDGUARD_EXE"][0].endswith("/two\nlines")'
long=$(printf '%06000d' 0)
env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=log=journal:cloexec=report "$FDG_BIN/monitor" true "$long" 2>err
check "what is too long is cut" parts journal log3 'd[-1]["FDGUARD_ID"] == ["cloexec.leaked"]' 'd[-1]["size"] <= 4096'
env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=log=journal:format=json true
check "with format=json what is said of runs is written too" parts journal log3 '[x["FDGUARD_ID"][0] for x in d[-2:]] == ["run.start", "run.end"]' 'd[-1]["PRIORITY"] == ["6"]'
"$FDG_RUN" run --log journal --json -- "$FDG_BIN/check-static" >/dev/null 2>err
for _ in $(seq 200); do
	parts journal log3 'd[-1]["FDGUARD_ID"] == ["run.end"]' 'd[-1]["FDGUARD_EXE"][0].endswith("/check-static")' >/dev/null 2>&1 && break
	sleep 0.05
done
check "a supervisor's lines go there too" parts journal log3 'd[-1]["FDGUARD_ID"] == ["run.end"]' 'd[-1]["FDGUARD_EXE"][0].endswith("/check-static")'
ends "$daemon"

if [ -x /lib/systemd/systemd-journald ] && command -v journalctl >/dev/null; then
	rm -f /run/systemd/journal/socket
	mkdir -p /run/log/journal
	echo 0123456789abcdef0123456789abcdef >mid
	mount --bind mid /etc/machine-id
	/lib/systemd/systemd-journald >journald 2>&1 &
	journald=$!
	for _ in $(seq 200); do
		[ -S /run/systemd/journal/socket ] && break
		sleep 0.05
	done
	leak log=journal:cloexec=report
	for _ in $(seq 200); do
		journalctl -q --no-pager -o json FDGUARD_ID=cloexec.leaked >real 2>/dev/null
		[ -s real ] && break
		sleep 0.05
	done
	check "systemd-journald has it, by field" grep -q '"FDGUARD_COUNT":"1100"' real
	kill "$journald"
	wait "$journald" 2>/dev/null
else
	echo "# systemd-journald is not on this machine: it was not asked"
fi
finish
