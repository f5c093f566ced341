#!/bin/sh
# SPDX-License-Identifier: MIT
# Lookups of callers that wait, in a network and mount namespace with an /etc of its own.
set -u
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net --mount --uts sh "$0" inside
	exec unshare --user --map-root-user --net --mount --uts sh "$0" inside
fi
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"

mkdir etc
cp /etc/ld.so.cache etc/ 2>/dev/null
printf 'multi on\n' >etc/host.conf
: >etc/services
mount --bind "$PWD/etc" /etc || exit 1
hostname box || exit 1
sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0 2>/dev/null
ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up || exit 1
ip address add 10.1.0.1/24 dev v0 && ip route add default via 10.1.0.2 || exit 1
unset LOCALDOMAIN RES_OPTIONS HOSTALIASES RESOLV_MULTI
check "threads, children, descriptors, files" timeout 60 "$FDG_BIN/resolver-lookup"
check "threads and signals that leave in the middle" timeout 60 "$FDG_BIN/resolver-lookup_left"
check "few messages, many ports, networks that change" timeout 60 "$FDG_BIN/resolver-lookup_modest"
check "answers that are waited for in recv" timeout 60 "$FDG_BIN/resolver-lookup_received"
check "the public library while files change" timeout 60 "$FDG_BIN/resolver-reload"
finish
