# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of the resolver: the table of names of case 1. Exits 0 if everything that it says was so.
# It runs in a network and mount namespace of its own, where the server that /etc/resolv.conf names is ours.

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net --mount sh "$0" inside
	exec unshare --user --map-root-user --net --mount sh "$0" inside
fi
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/show.sh
. "$FDG_SRC/tests/cases/show.sh"
# shellcheck source=tests/resolver/serving.sh
. "$FDG_SRC/tests/resolver/serving.sh"

total=100000 one_by_one=200 threaded=4000
export LC_ALL=C
cp -a /etc etc 2>/dev/null # what may not be read is not needed
rm -f etc/resolv.conf etc/gai.conf etc/host.conf
printf 'nameserver 127.0.0.1\n' >etc/resolv.conf
printf 'hosts: files dns\n' >etc/nsswitch.conf
printf '127.0.0.1 localhost\n' >etc/hosts
ip link set lo up && mount --bind etc /etc || { echo 'No namespace can be made here.' >&2; exit 1; }
serve --port 53 --delay 20

# Of a hundred names one is gone, and one of a hundred others has no address.
awk -v n="$total" 'BEGIN { while (i++ < n) print (i % 100 == 7 ? "nx" : i % 100 == 57 ? "nodata" : "ok") i ".hosts.example" }' >names

# of_all N SECONDS: how long all of them would take at that pace.
of_all() { awk -v n="$1" -v s="$2" -v all="$total" 'BEGIN { t = all * s / n; printf (t >= 120 ? "%.0f minutes" : "%.0f seconds"), (t >= 120 ? t / 60 : t) }'; }
rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f", n / s }'; }
row() { printf '   %-34s %9s %9s s %9s   %s\n' "$@"; }

# libc N THREADS
libc() {
	/usr/bin/python3 "$FDG_SRC/tests/cases/getaddrinfo.py" names "$1" "$2" >"libc-$2" 2>took
	seconds=$(tail -n 1 took)
	row "getaddrinfo, $(if [ "$2" -eq 1 ]; then echo 'one after the other'; else echo "$2 threads"; fi)" "$1" "$seconds" "$(rate "$1" "$seconds")" \
		"all of them: $(of_all "$1" "$seconds")"
}

printf '%s\n' "${bold}Case 1: the table of names${plain}" '' \
	'A monitor has 100,000 host names in a table, and wants their addresses. Its name server answers after' \
	'20 ms. All of it runs on this machine, in a network namespace: the server is ours' \
	'(tests/resolver/server.c), libc is the one that is installed.'

heading '1. How long it takes'
command_shown 'fdguard resolve -f names > addresses'
printf '\n   %-34s %9s %9s   %9s\n' '' names time names/s
libc "$one_by_one" 1
one=$seconds
libc "$threaded" 64
start=$(date +%s.%N)
"$FDG_RUN" resolve -f names >addresses 2>said 8>&-
status=$?
seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", b - a }')
row 'fdguard resolve' "$total" "$seconds" "$(rate "$total" "$seconds")" "$(awk -v n="$one_by_one" -v s="$one" -v all="$total" -v t="$seconds" 'BEGIN { printf "%.0f times as fast as the first", (all / t) / (n / s) }')"
echo
printf '   %s\n' \
	'One name after the other is what the monitor did: 20 ms of waiting for each. fdguard has thousands of' \
	'questions in flight, from 64 ports, and no more than the server can answer.'

heading '2. What it says'
sed -n '5,8p' addresses >few
quoted few

heading '3. Is it the same?'
awk -F '\t' '{ print $1 "\t" ($2 == "ok" ? $3 : $2) }' addresses >ours
for threads in 1 64; do
	lines=$(wc -l <"libc-$threads")
	head -n "$lines" ours | cmp -s - "libc-$threads" && same=yes || same=no
	printf '   the first %s names, and what getaddrinfo said of them: %s\n' "$lines" "$([ "$same" = yes ] && echo 'the same addresses, in the same order' || echo 'DIFFERENT')"
	expect "The answers should be libc's ($threads)." [ "$same" = yes ]
done
printf '   each name once, in the order of the table: %s\n' "$(cut -f 1 addresses | cmp -s - names && echo yes || echo NO)"
printf '   %s\n' "$(cut -f 2 addresses | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }')"
served

expect 'Every name should get a final answer.' [ "$status" -eq 0 ]
expect 'Nothing should be said on standard error.' [ ! -s said ]
expect 'Each name should be there once, in order.' sh -c 'cut -f 1 addresses | cmp - names'
expect 'They should have addresses, but for those that have none.' [ "$(cut -f 2 addresses | sort | uniq -c | awk '{ printf "%s %s ", $1, $2 }')" = '1000 nodata 1000 noname 98000 ok ' ]
expect 'It should be faster than threads.' awk -v a="$seconds" -v n="$threaded" -v b="$(tail -n 1 took)" -v all="$total" 'BEGIN { exit !(all / a > n / b) }'
shown_as_expected
