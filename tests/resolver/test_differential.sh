#!/bin/sh
# SPDX-License-Identifier: MIT
# Our answers against libc's: names, addresses, errors, order. In a network and mount namespace with an /etc of its own; the name server is the test's.
set -u
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net --mount --uts sh "$0" inside "$@"
	exec unshare --user --map-root-user --net --mount --uts sh "$0" inside "$@"
fi
shift
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"

mkdir etc
cp /etc/ld.so.cache etc/ 2>/dev/null
printf 'multi on\n' >etc/host.conf
printf 'http\t80/tcp www\ndomain 53/tcp\ndomain 53/udp\nonlyudp 99/udp\nraw1 77/sctp\nmdns 5353/udp\necho 7/tcp\n' >etc/services
: >etc/gai.conf
mount --bind "$PWD/etc" /etc || exit 1
hostname box || exit 1
ip link set lo up || exit 1
sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0 2>/dev/null
unset LOCALDOMAIN RES_OPTIONS HOSTALIASES RESOLV_MULTI

differential() {
	claim=$1
	shift
	check "$claim" timeout 60 "$FDG_BIN/resolver-differential" "$@"
}
if [ "$#" -gt 0 ]; then
	differential "$*" "$@"
	finish
fi
differential 'what servers say' answers pairs
differential 'numbers, names that are none, services' numbers services
differential '/etc/hosts' hosts
differential 'search lists' search
differential "resolv.conf's options" options
differential 'nsswitch' nsswitch
differential 'addresses to names' reverse
differential 'silence' silent
printf 'multi off\n' >etc/host.conf
differential 'host.conf: multi off' multi
printf 'multi on\n' >etc/host.conf

# AI_ADDRCONFIG and the order of addresses: without any address but loopback's, with AF_INET, with both, with AF_INET6.
differential 'a host with loopback alone' addrconfig
ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up || exit 1
ip address add 10.1.0.1/24 dev v0 && ip route add default via 10.1.0.2 || exit 1
differential 'a host with AF_INET' addrconfig
ip address add 2001:db8:1::1/64 dev v0 nodad && ip -6 route add default via 2001:db8:1::2 || exit 1
differential 'a host with both' addrconfig hosts
ip address del 10.1.0.1/24 dev v0 || exit 1
differential 'a host with AF_INET6' addrconfig
finish
