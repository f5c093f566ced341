#!/bin/sh
# SPDX-License-Identifier: MIT
# A real server: unbound on loopback, with names of its own, over UDP and TCP.
set -u
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
need unbound

# One that is free for now; unbound is asked again elsewhere if it is not.
port=$((20000 + $$ % 20000))
names() {
	i=0
	while [ "$i" -lt 60 ]; do
		echo "  local-data: \"many.test. 60 IN A 10.0.0.$i\""
		echo "  local-data: \"many.test. 60 IN AAAA 2001:db8::$i\""
		i=$((i + 1))
	done
}
start_unbound() {
	{
		printf 'server:\n  interface: 127.0.0.1@%s\n  port: %s\n  do-daemonize: no\n  chroot: ""\n  username: ""\n' "$port" "$port"
		printf '  directory: "%s"\n  pidfile: ""\n  use-syslog: no\n  logfile: ""\n  verbosity: 0\n  num-threads: 1\n  edns-buffer-size: 1232\n  max-udp-size: 1232\n' "$tmp"
		printf '  do-not-query-localhost: yes\n  module-config: "iterator"\n  outgoing-range: 16\n  so-rcvbuf: 0\n  auto-trust-anchor-file: ""\n'
		printf '  local-zone: "test." static\n  local-data: "one.test. 60 IN A 192.0.2.1"\n  local-data: "one.test. 60 IN AAAA 2001:db8::1"\n'
		printf '  local-data: "alias.test. 60 IN CNAME one.test."\n  local-zone: "refused.example." refuse\n  local-zone: "deny.example." deny\n'
		names
		printf 'remote-control:\n  control-enable: no\n'
	} >unbound.conf
	unbound -d -p -c unbound.conf >unbound.log 2>&1 &
	server=$!
}

for try in 1 2 3 4 5; do
	start_unbound
	if "$FDG_BIN/resolver-real" "$port" wait; then
		break
	fi
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	port=$((port + 137 * try))
done
check "names, types, long answers, refusals, thousands at a time" "$FDG_BIN/resolver-real" "$port"
kill "$server"
wait "$server" 2>/dev/null
[ "$failures" -eq 0 ] || sed 's/^/# unbound: /' unbound.log
finish
