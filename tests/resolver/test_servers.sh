#!/bin/sh
# SPDX-License-Identifier: MIT
# Servers of Debian on loopback: unbound, dnsmasq and knot, each with names of its own at port 53 of a network namespace. Our answers are libc's.
set -u
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net --mount --uts sh "$0" inside
	exec unshare --user --map-root-user --net --mount --uts sh "$0" inside
fi
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
need unbound
need dnsmasq
need knotd

mkdir etc
for file in ld.so.cache passwd group; do
	cp "/etc/$file" etc/ 2>/dev/null
done
printf 'multi on\n' >etc/host.conf
printf 'http\t80/tcp\n' >etc/services
mount --bind "$PWD/etc" /etc || exit 1
hostname box || exit 1
ip link set lo up || exit 1
unset LOCALDOMAIN RES_OPTIONS HOSTALIASES RESOLV_MULTI

# addresses FORMAT-OF-A-LINE: 40 lines for many.test, with type and address
addresses() {
	i=1
	while [ "$i" -le 20 ]; do
		# shellcheck disable=SC2059
		printf "$1" A "10.0.0.$i" && printf "$1" AAAA "2001:db8::$i"
		i=$((i + 1))
	done
}

unbound_conf() {
	printf 'server:\n  interface: 127.0.0.1\n  do-daemonize: no\n  chroot: ""\n  username: ""\n  directory: "%s"\n  pidfile: ""\n  use-syslog: no\n' "$tmp"
	printf '  logfile: ""\n  verbosity: 0\n  num-threads: 1\n  do-not-query-localhost: yes\n  module-config: "iterator"\n  outgoing-range: 16\n  so-rcvbuf: 0\n  rrset-roundrobin: no\n'
	printf '  local-zone: "test." static\n  local-data: "one.test. 60 IN A 192.0.2.1"\n  local-data: "one.test. 60 IN AAAA 2001:db8::1"\n'
	printf '  local-data: "four.test. 60 IN A 192.0.2.4"\n  local-data: "six.test. 60 IN AAAA 2001:db8::6"\n  local-data: "nothing.test. 60 IN TXT x"\n'
	printf '  local-data: "alias.test. 60 IN CNAME one.test."\n  local-data-ptr: "192.0.2.1 one.test"\n  local-data-ptr: "2001:db8::1 one.test"\n'
	printf '  local-zone: "2.0.192.in-addr.arpa." static\n  local-zone: "refused.example." refuse\n'
	addresses '  local-data: "many.test. 60 IN %s %s"\n'
	printf 'remote-control:\n  control-enable: no\n'
}

dnsmasq_conf() {
	printf 'no-resolv\nno-hosts\nkeep-in-foreground\npid-file=\nuser=root\nlog-facility=-\nlisten-address=127.0.0.1\nbind-interfaces\nlocal=/test/\nlocal=/in-addr.arpa/\n'
	printf 'host-record=one.test,192.0.2.1,2001:db8::1\nhost-record=four.test,192.0.2.4\nhost-record=six.test,2001:db8::6\ncname=alias.test,one.test\n'
	printf 'txt-record=nothing.test,x\nlocal=/refused.example/\nno-round-robin\n'
	i=1
	while [ "$i" -le 20 ]; do
		printf 'host-record=many.test,10.0.0.%s,2001:db8::%s\n' "$i" "$i"
		i=$((i + 1))
	done
}

# An authoritative server: it does not recurse, and says so.
# shellcheck disable=SC2016 # $ORIGIN is the zone file's own
knot_conf() {
	printf '$ORIGIN test.\n$TTL 60\n@ SOA ns post 1 2 3 4 5\n@ NS ns\nns A 127.0.0.1\none A 192.0.2.1\none AAAA 2001:db8::1\nfour A 192.0.2.4\nsix AAAA 2001:db8::6\n' >test.zone
	printf 'nothing TXT x\nalias CNAME one\nchain CNAME alias\nlost CNAME nowhere\nfar CNAME www.example.org.\nsub NS ns.sub\n' >>test.zone
	addresses 'many %s %s\n' >>test.zone
	printf '$ORIGIN 2.0.192.in-addr.arpa.\n$TTL 60\n@ SOA ns.test. post.test. 1 2 3 4 5\n@ NS ns.test.\n1 PTR one.test.\n' >reverse.zone
	mkdir -p run data
	printf 'server:\n  listen: 127.0.0.1@53\n  rundir: "%s/run"\n  pidfile: "%s/run/pid"\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n' "$tmp" "$tmp"
	printf 'database:\n  storage: "%s/data"\nlog:\n  - target: stderr\n    any: error\ntemplate:\n  - id: default\n    storage: "%s"\n    journal-content: none\n    zonefile-sync: -1\n' "$tmp" "$tmp"
	printf 'zone:\n  - domain: test\n    file: test.zone\n  - domain: 2.0.192.in-addr.arpa\n    file: reverse.zone\n'
}

answers() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >/etc/resolv.conf
		getent ahosts one.test >/dev/null && return 0
		sleep 0.1
	done
	return 1
}

# against SENTENCE SERVER COMMAND… : the server runs while names are compared
against() {
	claim=$1
	shift
	"$@" >server.log 2>&1 &
	server=$!
	printf 'hosts: files dns\n' >/etc/nsswitch.conf
	: >/etc/hosts
	check "$1 is there" answers
	check "$claim" timeout 60 "$FDG_BIN/resolver-differential" --names one.test ONE.test one. one four.test six.test alias.test nothing.test many.test nx.test \
		chain.test lost.test far.test a.sub.test a.refused.example
	kill "$server"
	wait "$server" 2>/dev/null
}

unbound_conf >unbound.conf
dnsmasq_conf >dnsmasq.conf
knot_conf >knot.conf
against 'unbound: what libc says' unbound -d -p -c unbound.conf
against 'dnsmasq: what libc says' dnsmasq -C "$tmp/dnsmasq.conf"
against 'knot: what libc says' knotd -c knot.conf
[ "$failures" -eq 0 ] || sed 's/^/# server: /' server.log
finish
