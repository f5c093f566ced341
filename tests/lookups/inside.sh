# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # $0 and $@ are the test's; tmp comes from harness/lib.sh
# For tests of lookups: `. "$FDG_SRC/tests/lookups/inside.sh"` in the first line. The test goes on in a network and mount namespace, with an /etc of its own in which names are asked
# of 127.0.0.1 alone. `export inside_lib=FILE` before: another file than harness/lib.sh.
set -u
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net --mount --uts sh "$0" inside "$@"
	exec unshare --user --map-root-user --net --mount --uts sh "$0" inside "$@"
fi
shift
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/${inside_lib:-tests/harness/lib.sh}"
. "$FDG_SRC/tests/resolver/serving.sh"

# names_of_ours: what names mean, in files of etc.
names_of_ours() {
	mkdir etc
	printf 'multi on\n' >etc/host.conf
	printf 'http\t80/tcp www\ndomain 53/tcp\ndomain 53/udp\nonlyudp 99/udp\nraw1 77/sctp\nmdns 5353/udp\necho 7/tcp\n' >etc/services
	printf 'hosts: files dns\nservices: files\n' >etc/nsswitch.conf
	printf '127.0.0.1 localhost\n10.0.0.1 here\n' >etc/hosts
	printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >etc/resolv.conf
	: >etc/gai.conf
	hostname box || exit 99
	ip link set lo up || exit 99
	unset LOCALDOMAIN RES_OPTIONS HOSTALIASES RESOLV_MULTI
}

# own_etc: an /etc that has nothing else.
own_etc() {
	names_of_ours
	cp /etc/ld.so.cache etc/
	mount --bind "$tmp/etc" /etc || exit 99
}

# own_names: the machine's /etc, with names of ours.
own_names() {
	names_of_ours
	for file in host.conf nsswitch.conf hosts resolv.conf gai.conf; do
		[ -e "/etc/$file" ] || continue
		mount --bind "etc/$file" "/etc/$file" || exit 99
	done
}

# lookups, lookups_by_libc: as the log's last run.end counts them.
counted() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" log | tail -n 1; }
