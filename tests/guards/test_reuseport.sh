# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A SO_REUSEPORT listener that goes while connections wait in its queue: the number that is reset is told, by each way in which it can go; with fix the kernel gives them to the
# others. And nothing is told where nothing is lost.
. "$FDG_SRC/tests/guards/rules.sh"
# shellcheck source=tests/guards/reuseport.sh
. "$FDG_SRC/tests/guards/reuseport.sh"
need setpriv unshare ip sysctl

finding() { /usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$tmp/log" "$@"; }
resets() { findings '"id":"reuseport\.reset"' | wc -l; }
others() { findings '"level":"\(warning\|error\)"' | grep -v -c '"id":"reuseport\.reset"'; }
chmod 755 "$tmp"

# where HOW: what the finding says of the place
where() {
	case $1 in
	exit | _exit) echo 'created.0.symbol=*' ;;
	exec) echo 'site.0.symbol=end_by+*' ;;
	*) echo 'site.0.symbol=close_by+*' ;;
	esac
}

# told NAME HOW ACTION WORD: WORD is reset or queued; the program printed "queued Q reset R"
told() {
	of=$(printf '%s\n' "$got" | sed -n "s/.*$4 \([0-9]*\).*/\1/p")
	check "$1: something was queued" [ "${of:-0}" -gt 0 ]
	level=error
	[ "$3" = reported ] || level=warning
	check "$1: told, and the number is right" finding reuseport.reset "action=$3" level=$level "count=$of" "local=*:*" 'siblings=[23]' tcp_migrate_req=0 "$(where "$2")"
	same "$1: once, and nothing else" '1 0' "$(resets) $(others)"
}

for how in close dup2 dup3 range from number number-dup3 number-range range-of-copies shutdown shutdown-both number-shutdown exit _exit exec; do
	fresh
	got=$(guarded reuseport=report:cloexec=off reuseport-wrong $how)
	told "report: $how" $how reported reset
done
fresh
got=$(guarded reuseport=report:cloexec=off reuseport-wrong close 6)
told 'report: IPv6' close reported reset

# Two groups, of each of which one call closes 85 members: told of both, once, with all of them.
fresh
got=$(guarded reuseport=report:cloexec=off reuseport-wrong many)
same 'report: many: once for each group, and nothing else' '2 0' "$(resets) $(others)"
of=${got#queued }
same 'report: many: all are reset' "${of% reset*}" "${got#*reset }"
for of in ${got#*reset }; do
	check 'report: many: told, and the number is right' finding reuseport.reset action=reported "count=$of" 'listeners=[78]?' siblings=5 'message=*closed fd * and [78]? more, SO_REUSEPORT listeners on *'
done
if may_load; then
	fresh
	got=$(guarded reuseport=fix:cloexec=off reuseport-wrong many)
	same 'fix: many: none is reset' '0 0' "${got#*reset }"
	same 'fix: many: once for each group, and nothing else' '2 0' "$(resets) $(others)"
	check 'fix: many: by the kernel' finding reuseport.reset action=fixed 'listeners=[78]?' 'cure=migration by eBPF'
fi
fresh
guarded reuseport=off:cloexec=off reuseport-wrong close >/dev/null
same off 0 "$(resets)"

if may_load; then
	for how in close dup3 range number shutdown exit _exit exec; do
		fresh
		got=$(guarded reuseport=fix:cloexec=off reuseport-wrong $how)
		check "fix: $how: none is reset" [ "${got##* }" = 0 ]
		told "fix: $how" $how fixed queued
		check "fix: $how: by the kernel" finding reuseport.reset 'cure=migration by eBPF'
	done
	fresh
	got=$(guarded reuseport=fix:cloexec=off reuseport-wrong each)
	same 'fix: each: the last takes all with it' 'reset 40' "reset ${got##* }"
	check 'fix: each: told' finding reuseport.reset action=reported count=40 'message=*closed fd *, the last of the SO_REUSEPORT listeners on *' 'site.0.symbol=close_by+*'
	fresh
	guarded reuseport=fix:cloexec=off reuseport-wrong leave >/dev/null
	check 'fix: leave: told' finding reuseport.reset action=reported count=40 'message=*ends, and with it the last of the SO_REUSEPORT listeners on *'
else # a container
	fresh
	guarded reuseport=fix:cloexec=off reuseport-wrong shutdown >/dev/null
	check 'fix: says why it could not' finding reuseport.reset action=reported 'cure=none: *'
fi
as_user_fixed() { as_user timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=reuseport=fix:cloexec=off:format=json reuseport-wrong "$1" 2>log; }
no_cap='cure=none: the kernel lets only those load a BPF program that have CAP_BPF; and'
kernel='run it with CAP_BPF (AmbientCapabilities=CAP_BPF in its unit), or set net.ipv4.tcp_migrate_req=1 where the service runs'
for how in shutdown exit exec; do
	fresh
	got=$(as_user_fixed $how)
	told "fix: $how by an ordinary user" $how reported reset
	case $how in
	shutdown) check "… told why not" finding reuseport.reset "$no_cap a shutdown cannot be handed over: close it instead" "fix=$kernel, or close the listener in place of the shutdown; or *" ;;
	*) check "… told why not" finding reuseport.reset "$no_cap fdguard hands nothing over to listeners of other processes" "fix=$kernel; or *" ;;
	esac
done

fresh
got=$(as_user_fixed each)
same 'fix: ordinary user, each: the last takes all with it' 'reset 40' "reset ${got##* }"
check 'fix: ordinary user, each: told' finding reuseport.reset action=reported 'message=*closed the other SO_REUSEPORT listeners on *that fdguard had handed to them: they are reset*'

as_user_fixed leave >/dev/null
check 'fix: ordinary user, leave: told' finding reuseport.reset action=reported 'message=*ends before it accepted from the other SO_REUSEPORT listeners on *'

for way in drained lone copy range all child parent parent-exec parent-close message clone write others; do
	for mode in report fix; do
		bare=$(timeout 60 reuseport-right $way)
		fresh
		same "$mode: $way: as without us" "$bare" "$(guarded "reuseport=$mode:cloexec=off" reuseport-right $way)"
		same "$mode: $way: silent" '0 0' "$(resets) $(others)"
	done
done

# Listeners that somebody else has: a successor, which was given one as its fd 3, and the parent of a helper. An exec that fails. The program's own BPF program migrates.
ways='successor-fork successor-spawn helper exec exec-interpreter exec-big exec-machine'
! may_load || ways="$ways migrates"
for way in $ways; do
	same "bare: $way" 'reset 0' "$(timeout 60 reuseport-given $way 2>&1)"
	for mode in report fix; do
		fresh
		same "$mode: $way: as without us" 'reset 0' "$(guarded "reuseport=$mode:cloexec=off" reuseport-given $way)"
		same "$mode: $way: silent" '0 0' "$(resets) $(others)"
	done
done

# The kernel's own migration, in a network namespace of the test's own.
in_namespace() {
	new=-rn
	[ "$(id -u)" != 0 ] || new=-n
	FDG_MIGRATE=$1 unshare $new sh -c "ip link set lo up && sysctl -q -w net.ipv4.tcp_migrate_req=\$FDG_MIGRATE && \
		LD_PRELOAD='$FDG_LIB' FDGUARD_OPTIONS='format=json:log=$tmp/log:cloexec=off:reuseport=report' timeout 60 '$FDG_BIN/reuseport-${2:-right}' ${3:-migrated}"
}
fresh
same 'tcp_migrate_req=1: nothing is reset' 'reset 0' "$(in_namespace 1)"
same 'tcp_migrate_req=1: silent' '0 0' "$(resets) $(others)"
fresh
same 'tcp_migrate_req=1, no /proc any more: nothing is reset' 'reset 0' "$(in_namespace 1 given chroot)"
same 'tcp_migrate_req=1, no /proc any more: silent' '0 0' "$(resets) $(others)"
fresh
refuse 'tcp_migrate_req=0 there' [ "$(in_namespace 0)" = 'reset 0' ]
same 'tcp_migrate_req=0: told of both' '2 0' "$(resets) $(others)"

finish
