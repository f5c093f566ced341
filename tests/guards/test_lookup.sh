# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# getaddrinfo by our resolver: programs see what they see without us (lookup_life.c), in a network and mount namespace with an /etc and a name server of the test's own; and
# resolver.slow and resolver.fail, told of wrong programs, and not of a right one.
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] && exec unshare --net --mount sh "$0" inside
	exec unshare --user --map-root-user --net --mount sh "$0" inside
fi
# shellcheck source=tests/guards/rules.sh
. "$FDG_SRC/tests/guards/rules.sh"
# shellcheck source=tests/resolver/serving.sh
. "$FDG_SRC/tests/resolver/serving.sh"
cases=$FDG_SRC/tests/cases
# shellcheck disable=SC2317 # check calls it
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }
# shellcheck disable=SC2317
ends_with() { finding run.end "exe=$1" "$2"; }
told() { findings "\"id\":\"$1\"" | wc -l; }

mkdir etc
cp /etc/ld.so.cache /etc/passwd etc/ 2>/dev/null
echo 'multi on' >etc/host.conf
echo 'http 80/tcp' >etc/services
printf '127.0.0.1 localhost\n192.0.2.1 h1\n' >etc/hosts
echo 'hosts: files dns' >etc/nsswitch.conf
conf() { printf 'nameserver 127.0.0.1\noptions timeout:%d attempts:1\n' "$1" >etc/resolv.conf; }
conf 1
mount --bind "$PWD/etc" /etc && ip link set lo up || exit 99
ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip address add 10.1.0.1/24 dev v0 && ip route add default via 10.1.0.2 || exit 99
unset LOCALDOMAIN RES_OPTIONS HOSTALIASES RESOLV_MULTI

# alone CMD…: without the test's own descriptor.
alone() { "$@" 8>&-; }

serve --port 53
for what in one idle listed close_all put_over_all fill fill_unseen few lowered children exec elsewhere elsewhere_and_back filtered cancelled jumped jumped_deeper disturbed \
	forked_in_the_middle threads; do
	want=$(alone timeout 60 lookup-life $what 2>&1)
	fresh
	same "as without us: $what" "$want" "$(alone guarded cloexec=fix lookup-life $what 2>&1)"
	check "$what: by us" ends_with '*/lookup-life' 'lookups=[1-9]*'
	check "$what: nothing to report" quiet
	refuse "$what: none by libc" ends_with '*/lookup-life' 'lookups_by_libc=*'
done

# Before main and after it, in a library that is loaded before us and after us.
early=$FDG_BIN/lookup-early.so
want=$(alone env LD_PRELOAD="$early" /bin/true 2>&1)
for preload in "$FDG_LIB:$early" "$early:$FDG_LIB"; do
	fresh
	same "around main: ${preload##*/}" "$want" "$(alone env LD_PRELOAD="$preload" FDGUARD_OPTIONS="format=json:log=$tmp/log" /bin/true 2>&1)"
	check "around main: ${preload##*/}: by us" ends_with '*/true' 'lookups=[1-9]*'
done

# In a filter from outside they are ours, by calls that libc's lookups make as well.
want=$(alone lookup-life one 2>&1)
for filter in refused killed; do
	fresh
	same "$filter: as without us" "$want" "$(alone env THEN_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log" lookup-life $filter 2>&1)"
	check "$filter: by us" ends_with '*/lookup-life' 'lookups=[1-9]*'
	refuse "$filter: none by libc" ends_with '*/lookup-life' 'lookups_by_libc=*'
done

# What is libc's: of a process that has a preload behind us; while nscd is there; and with resolver=off.
by_libc() {
	same "$1: as without us" "$2" "$3"
	check "$1: by libc" ends_with '*/lookup-life' 'lookups_by_libc=[1-9]*'
	refuse "$1: none by us" ends_with '*/lookup-life' 'lookups=*'
	fresh
}
fresh
by_libc "resolver=off" "$want" "$(alone guarded resolver=off lookup-life one 2>&1)"
by_libc "--observe" "$want" "$(alone "$FDG_RUN" run --observe --json --log "$tmp/log" -- lookup-life one 2>&1)"
by_libc "a preload behind us" "203.0.113.9, and 0 more open" "$(alone env LD_PRELOAD="$FDG_LIB:$FDG_BIN/lookup-proxy.so" FDGUARD_OPTIONS="format=json:log=$tmp/log" lookup-life one 2>&1 | sed -n 1p)"
mount -t tmpfs none /run && mkdir /run/nscd && : >/run/nscd/socket
by_libc "nscd" "$want" "$(alone guarded cloexec=fix lookup-life one 2>&1)"
umount /run

# resolver.fail and resolver.slow.
for options in resolver=on resolver=off; do
	[ $options = resolver=on ] && by=fdguard || by=libc
	fresh
	same "$options: no answer" "Temporary failure in name resolution" "$(alone guarded $options lookup-wrong silent.example 2>&1)"
	check "$options: told" finding resolver.fail level=note action=reported guard=resolver looked_up=silent.example call=getaddrinfo "by=$by" 'site.0.symbol=connect_to+*' \
		'age_ms=[1-9]*' 'message=getaddrinfo of silent.example failed after *: *'
	[ $by = libc ] || check "the server, and the reason" finding resolver.fail peer=127.0.0.1:53 'reason=no server answered in time' 'messages=[1-9]*'
	same "$options: once" 1 "$(told resolver.fail)"
	fresh
	alone guarded $options lookup-wrong servfail.example 250 >out 2>&1
	same "$options: at the first, the tenth, the hundredth" 3 "$(told resolver.fail)"
	check "$options: how many" finding resolver.fail count=100 looked_up=servfail.example
	fresh
	alone guarded $options lookup-right >out 2>&1
	check "$options: right: covered" covered
	same "$options: right: nothing is told" 0 "$(told 'resolver\.[a-z]*')"
done
fresh
alone guarded resolver=on lookup-wrong servfail.example >out 2>&1
check "its own reason" finding resolver.fail 'reason=*SERVFAIL*'
fresh
alone guarded resolver=on lookup-wrong ok-6silent.example >out 2>&1
check "the question that nobody answered" finding resolver.slow 'message=*; no server answered its AAAA question, and the A question was answered*' 'fix=*single-request*'
fresh
alone guarded resolver=on lookup-wrong 'silent.x\n".example' >out 2>&1
check "a name that is no text for a log" sh -c 'python3 -c "import json,sys; [json.loads(l) for l in open(\"log\")]"'
served
serve --port 53
alone guarded resolver.cache=on lookup-wrong ok.example 100 >out 2>&1
served
same "resolver.cache=on: A and AAAA are asked for once" 2 "$queries"
serve --port 53
alone guarded resolver.cache=off lookup-wrong ok.example 100 >out 2>&1
served
same "resolver.cache=off: each time, as libc does" 200 "$queries"
conf 5
serve --port 53 --delay 1100
for options in resolver=on resolver=off; do
	fresh
	same "$options: slow" found "$(alone guarded $options lookup-wrong ok.example 2>&1)"
	check "$options: told that it was" finding resolver.slow level=note looked_up=ok.example 'message=getaddrinfo of ok.example took 1.*' 'site.0.symbol=connect_to+*'
	same "$options: it did not fail" 0 "$(told resolver.fail)"
done
fresh
alone env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=level=note lookup-wrong ok.example >out 2>text
same "text: the program's output is its own" found "$(cat out)"
check "text: a sentence" grep -q '^fdguard: note: getaddrinfo of ok\.example took 1\.[0-9]s; answered by 127\.0\.0\.1:53, after [0-9]* messages* \[resolver\.slow\]$' text
check "text: where" grep -q '^ *called at connect_to+0x' text
served
finish
