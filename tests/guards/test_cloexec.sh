# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The twins: what cloexec-wrong leaks reaches its child and is reported there with the function that made it; with fix, what fix covers does not
# reach the child; cloexec-right is silent in every mode.
. "$FDG_SRC/tests/guards/rules.sh"

hows="exec fork vfork spawn system popen"
nl='
'

# leaks KIND: what a child of cloexec-wrong sees when nobody interferes.
leaks() {
	case $1 in
	socket) echo "3 socket" ;;
	epoll) echo "3 [eventpoll]" ;;
	file) echo "3 file" ;;
	pipe) echo "3 pipe${nl}4 pipe" ;;
	dup) echo "4 socket" ;;
	esac
}

# leak_level KIND MODE: a kind that fix leaves alone is no more than worth a note
leak_level() {
	case $1,$2 in
	file,fix | pipe,fix) echo note ;;
	file,* | pipe,*) echo warning ;;
	*) echo error ;;
	esac
}

leak_lines() { findings '"id":"cloexec\.leaked"'; }

# reported KIND MODE: the child's image says what it got, from whom, and which function made it.
reported() {
	lines=$(leak_lines)
	echo "$lines" | grep -q "\"level\":\"$(leak_level "$1" "$2")\"" || return 1
	echo "$lines" | grep -q "\"created\":\[{[^]]*\"symbol\":\"make_$1" || return 1
	echo "$lines" | grep -q '"parent_exe":"[^"]*/cloexec-wrong"' || return 1
	echo "$lines" | grep -q '"fds":"' && ! echo "$lines" | grep -q '"exe":"[^"]*/cloexec-wrong"'
}

kind_named() {
	case $1 in
	socket | dup) want_kind='UDP socket' ;;
	epoll) want_kind=epoll ;;
	*) want_kind=$1 ;;
	esac
	leak_lines | grep -q "\"kind\":\"$want_kind"
}

only_one_leak() { [ "$(leak_lines | wc -l)" -eq 1 ]; }
forced() { findings '"id":"cloexec\.forced"' | grep -q "\"level\":\"note\".*make_$1"; }

for kind in socket epoll file pipe dup; do
	want=$(leaks $kind)
	for how in $hows; do
		same "bare: $kind leaks by $how" "$want" "$(cloexec-wrong $kind "$how" "$FDG_BIN/show-fds")"

		fresh
		same "report: $kind still reaches the child by $how" "$want" "$(guarded cloexec=report cloexec-wrong $kind "$how" "$FDG_BIN/show-fds")"
		check "report: $kind by $how is reported in the child" reported $kind report
		check "report: $kind by $how: what it is" kind_named $kind
		check "report: $kind by $how is reported once" only_one_leak

		fresh
		got=$(guarded cloexec=fix cloexec-wrong $kind "$how" "$FDG_BIN/show-fds")
		case $kind in
		socket | epoll)
			same "fix: $kind does not reach the child by $how" "" "$got"
			check "fix: $kind by $how leaves no finding" quiet
			check "fix: $kind by $how is noted as forced" forced $kind
			;;
		*)
			same "fix: $kind, which fix leaves alone, reaches the child by $how" "$want" "$got"
			check "fix: $kind by $how is reported all the same" reported $kind fix
			;;
		esac

		fresh
		same "off: $kind by $how" "$want" "$(guarded cloexec=off cloexec-wrong $kind "$how" "$FDG_BIN/show-fds")"
		check "off: $kind by $how leaves no finding" quiet
	done
done

for kind in socket epoll file pipe; do
	for how in $hows; do
		fresh
		same "fix, all kinds: $kind does not reach the child by $how" "" \
			"$(guarded cloexec=fix:cloexec.kinds=all cloexec-wrong $kind "$how" "$FDG_BIN/show-fds")"
		check "fix, all kinds: $kind by $how leaves no finding" quiet
		check "fix, all kinds: $kind by $how is covered" covered
	done
done

rule_modes="$rule_modes cloexec=off"
for kind in socket epoll file pipe dup; do
	for how in $hows; do
		rule "right: $kind by $how" "" cloexec-right $kind "$how" "$FDG_BIN/show-fds"
	done
done

# A child of the child does not say it again.
fresh
same "report: a grandchild gets it too" "3 socket" "$(guarded cloexec=report cloexec-wrong socket fork /bin/sh -c 'show-fds; true')"
check "report: one leak is one report, whatever the generations" only_one_leak

# The text that people read.
env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS=cloexec=report cloexec-wrong socket fork "$FDG_BIN/show-fds" 2>text >/dev/null
check "text: a sentence with the id" grep -q '^fdguard: error: .*\[cloexec\.leaked\]$' text
check "text: the function" grep -q make_socket text
check "text: the parent" grep -q cloexec-wrong text
check "text: the cure" grep -q '^ *fix: ' text

finish
