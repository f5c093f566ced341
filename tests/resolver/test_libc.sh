#!/bin/sh
# SPDX-License-Identifier: MIT
# Our hosts, services, resolv.conf, gai.conf and order of addresses against libc's, in a network, mount and UTS namespace with an /etc of its own.
set -u
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net --mount --uts sh "$0" inside
	exec unshare --user --map-root-user --net --mount --uts sh "$0" inside
fi
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"

mkdir etc
cp /etc/ld.so.cache etc/ 2>/dev/null
printf 'hosts: files\nservices: files\n' >etc/nsswitch.conf
printf 'multi on\n' >etc/host.conf
mount --bind "$PWD/etc" /etc || exit 1
hostname box.example.org || exit 1

# Two ends of a cable: enough for routes and sources, and nothing leaves.
ip link set lo up && ip link add v0 type veth peer name v1 || exit 1
sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 2>/dev/null
address() {
	ip address add "$@" || exit 1
}
address 10.1.0.1/24 dev v0
address 192.168.7.9/16 dev v0
address 172.16.0.1/12 dev v1
address 2001:db8:1::1/64 dev v0 nodad
address fd00:1::1/64 dev v0 nodad
address 2001:db8:2::5/64 dev v1 nodad preferred_lft 0
address 2002:a01:1::1/48 dev v1 nodad
address 2001:0:1::1/64 dev v1 nodad
ip link set v0 up && ip link set v1 up || exit 1
ip route add default via 10.1.0.2 && ip -6 route add 2001:db8::/32 via 2001:db8:1::2 || exit 1

check 'hosts, services and resolv.conf' "$FDG_BIN/resolver-libc-files" multi
printf 'multi off\n' >/etc/host.conf
check 'the same with host.conf that wants one address' "$FDG_BIN/resolver-libc-files"
printf 'multi on\n' >/etc/host.conf
check 'gai.conf and the order of addresses' "$FDG_BIN/resolver-libc-sort"
finish
