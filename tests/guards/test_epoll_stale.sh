# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A descriptor that is closed while a copy keeps its registration alive: prevented at the close by each call that closes; found when it fires, and taken out; and nothing
# is taken out where somebody else lives on it.
. "$FDG_SRC/tests/guards/rules.sh"

finding() { /usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$tmp/log" "$@"; }
stale() { findings '"id":"epoll\.stale"' | wc -l; }
others() { findings '"level":"\(warning\|error\)"' | grep -v -c '"id":"epoll\.stale"'; }
in_fix() { guarded "epoll=fix:cloexec=off" epoll-stale "$@" 2>&1; }

# holder KEEPER: what the finding says of who has it
holder() {
	case $1 in
	dup) echo 'message=*(TCP socket*fd [0-9]* shares its description*' ;;
	fork) echo 'message=*(TCP socket*, and epoll-stale (pid [0-9]*) has its description as fd 30*' ;;
	*) echo 'message=*(TCP socket*, and sh (pid [0-9]*) has its description as fd 30*' ;;
	esac
}

# other KEEPER: what it knows of that one
other() {
	case $1 in
	dup) echo 'other_at=keep+*' ;;
	fork) echo 'other_program=epoll-stale' ;;
	*) echo 'other_program=sh' ;;
	esac
}

# prevented KEEPER CLOSE
prevented() {
	same "bare: $1, $2" 'spins EVENTS' "$(timeout 60 epoll-stale "$1" "$2" 100 2>&1)"
	fresh
	same "fix: $1, $2: not one event" 'rests' "$(in_fix "$1" "$2")"
	check "fix: $1, $2: told" finding epoll.stale action=fixed fd=30 epoll=3 'site.0.symbol=close_by+*' registered=EPOLLIN 'registered_at=registers+*' "$(holder "$1")"
	refuse "fix: $1, $2: before it fired" finding epoll.stale 'events=*'
	same "fix: $1, $2: that alone" '1 0' "$(stale) $(others)"
}

for close in close dup2 dup3 range from fclose freopen number number-dup3 number-range; do
	prevented exec $close
done

# found KEEPER CLOSE PLACE [reuse]: PLACE is the one that is known
found_out() {
	keeper=$1 close=$2 place=$3
	shift 3
	fresh
	same "fix: $keeper, $close $*: ends" "rests EVENTS$([ "${1-}" = reuse ] && echo " 1 0 0")" "$(in_fix "$keeper" "$close" 8000 "$@")"
	check "fix: $keeper, $close $*: told" finding epoll.stale action=fixed fd=30 'events=EPOLLIN*' "site.0.symbol=$place+*" "$(holder "$keeper")" "$(other "$keeper")"
	same "fix: $keeper, $close $*: that alone" '1 0' "$(stale) $(others)"
}

for close in close dup2 range number; do
	found_out dup $close close_by
done
found_out dup close close_by fin
found_out dup close close_by reuse
found_out fork close close_by
found_out fork dup2 close_by
found_out fork close close_by reuse
for keeper in dup exec fork; do
	found_out $keeper raw registers
	found_out $keeper raw-dup3 registers
done
found_out dup raw-dup3 registers fin # what is there now is always readable, too
found_out exec raw registers fin
found_out dup raw '*' reuse
found_out fork raw '*' reuse

for keeper in dup exec fork; do
	fresh
	same "report: $keeper: all as it was" 'spins EVENTS' "$(guarded "epoll=report:cloexec=off" epoll-stale $keeper close 1500 2>&1)"
	check "report: $keeper: told" finding epoll.stale action=reported fd=30 'events=EPOLLIN*' 'site.0.symbol=close_by+*' registered=EPOLLIN 'registered_at=registers+*' "$(holder $keeper)"
	same "report: $keeper: once" 1 "$(stale)"
done
fresh
same 'off' 'spins EVENTS' "$(guarded "epoll=off:cloexec=off" epoll-stale dup close 300 2>&1)"
same 'off: silent' 0 "$(stale)"
fresh
same 'nonblock=off changes nothing' 'rests' "$(guarded "epoll=fix:nonblock=off:cloexec=off" epoll-stale exec close 2>&1)"
check 'nonblock=off: told' finding epoll.stale action=fixed "$(holder exec)"

rule_modes='epoll=fix:cloexec=off epoll=report:cloexec=off epoll=fix:nonblock=off:cloexec=off'
for keeper in nobody closed right; do
	rule "$keeper" 'rests' epoll-stale $keeper close
	rule "$keeper, and its number is another's" 'rests 1 0 0' epoll-stale $keeper close 5000 reuse
done
for what in prefork prefork-waits fork-range raw-fork; do
	rule "$what" 'served' epoll-stale keep "$what"
done
rule_modes='epoll=fix:cloexec=off epoll=report:cloexec=off'
for what in vfork fork fork-dup adding-child refused unshared moved saved; do
	rule "$what" 'served' epoll-stale keep "$what"
done
same 'bare: taken out, and back' 'served' "$(timeout 60 epoll-stale keep cured 2>&1)"
fresh
same 'fix: taken out, and back' 'served' "$(in_fix keep cured)"
check 'fix: it was taken out' finding epoll.stale action=fixed
finish
