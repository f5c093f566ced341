# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The twins: what select-wrong does beyond FD_SETSIZE fails bare; with fix it works, and is reported with the function that waited and the one that made the
# descriptor; with report it fails as bare, and is reported; select-right is silent in every mode.
. "$FDG_SRC/tests/guards/rules.sh"
# shellcheck source=tests/cases/lib.sh
. "$FDG_SRC/tests/cases/lib.sh"
cases_begin

finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }
overflows() { findings '"id":"select\.overflow"' | wc -l; }
wrong() { select-wrong "$@" 2>&1; }

#
# Case 1: connect, select on fd 1045, connect
#
healthy='select 1, set yes, connect 0'
port=$(port slow)
for way in connect pselect number; do
	case $way in
	pselect) bare='select 2, set no, connect EALREADY' ;; # libc's pselect has its own copy of the timeout, and the kernel's answer wipes the bit out
	*) bare='select 2, set yes, connect EALREADY' ;;
	esac
	same "bare: $way returns at once with descriptors that nobody named" "$bare" "$(wrong $way "$port")"
	for select in fix report off; do
		fresh
		got=$(guarded select=$select select-wrong $way "$port" 2>&1)
		case $select in
		fix) want=$healthy action=fixed ;;
		report) want=$bare action=reported ;;
		off) want=$bare action= ;;
		esac
		same "$select: $way" "$want" "$got"
		check "$select: $way: covered" covered
		if [ -z "$action" ]; then
			check "$select: $way: nothing is said" quiet
			continue
		fi
		check "$select: $way: the fd, who waited, and who made it" finding select.overflow level=error action=$action guard=select fd=1045 \
			"site.0.symbol=wait_*" 'site.0.object=*/select-wrong' 'created.0.symbol=socket_open+*' 'created.0.object=*/select-wrong'
		check "$select: $way: the function that waited, by name" finding select.overflow "site.0.symbol=wait_$(echo $way | sed s/connect/select/)+*"
		same "$select: $way: once" 1 "$(overflows)"
	done
done

fresh
same "fix: regrown, a select that looked further than the table reached, and then connect" "$healthy" "$(guarded select=fix select-wrong regrown "$port" 2>&1)"
check "fix: regrown is reported" finding select.overflow level=error action=fixed fd=1045 'site.0.symbol=wait_select+*' 'created.0.symbol=socket_open+*'

env LD_PRELOAD="$FDG_LIB" select-wrong connect "$port" >out 2>text
same "text: the program's output is its own" "$healthy" "$(cat out)"
check "text: a sentence with fd and id" grep -q '^fdguard: error: .*\<1045\>.*\[select\.overflow\]$' text
check "text: who waited, who made it, the crowd, the cure" names text 'wait_select+0x' 'socket_open+0x' 'crowd_open+0x' '^ *fix: .*poll'

#
# Two sets, one behind the other
#
bare='full no, select 3, set yes, read -1'
same "bare: two sets: at once, and nothing to read" "$bare" "$(wrong sets)"
for select in fix report off; do
	fresh
	got=$(guarded select=$select select-wrong sets 2>&1)
	case $select in
	fix) same "fix: two sets: only what is ready" 'full no, select 1, set yes, read 1' "$got" ;;
	*) same "$select: two sets, as bare" "$bare" "$got" ;;
	esac
done
fresh
guarded select=fix select-wrong sets >/dev/null 2>&1
check "fix: two sets: reported" finding select.overflow level=error action=fixed fd=1045 'site.0.symbol=wait_in_two_sets+*' 'created.0.symbol=probe_open+*'
fresh
guarded select=report select-wrong sets >/dev/null 2>&1
check "report: two sets: reported" finding select.overflow level=error action=reported fd=1045 'site.0.symbol=wait_in_two_sets+*' 'created.0.symbol=probe_open+*'

#
# The C library's check
#
# A shell in between may add a word.
said() { grep -vx 'Aborted' out err | sed 's/^[a-z]*://'; }
words='*** bit out of range 0 - FD_SETSIZE on fd_set ***: terminated'
for way in set clear ask negative; do
	select-wrong-fortified $way >out 2>err
	same "bare: fortified $way aborts" "134 $words" "$? $(said)"
	case $way in
	set) function=set_one ;;
	clear) function=clear_one ;;
	ask) function=ask_for_one ;;
	negative) function=set_one ;;
	esac
	for select in fix report off; do
		fresh
		guarded select=$select select-wrong-fortified $way >out 2>err
		same "$select: fortified $way aborts with libc's words alone" "134 $words" "$? $(said)"
		case $select,$way in
		off,*) check "off: fortified $way: nothing is said" quiet ;;
		*,negative)
			check "$select: fortified $way: reported" finding select.fortify level=error action=reported "site.0.symbol=$function+*" 'message=*-1*'
			;;
		*)
			check "$select: fortified $way: reported before it aborts" finding select.fortify level=error action=reported fd=1045 \
				"site.0.symbol=$function+*" 'site.0.object=*/select-wrong-fortified' 'created.0.symbol=probe_open+*'
			;;
		esac
	done
done
env LD_PRELOAD="$FDG_LIB" select-wrong-fortified set >out 2>text
same "text: fortified: the status is the abort's" 134 $?
check "text: fortified: what is about to happen" grep -q '^fdguard: error: .*1045.*\[select\.fortify\]$' text
check "text: fortified: who asked, who made it, the crowd, the cure" names text 'set_one+0x' 'probe_open+0x' 'crowd_open+0x' '^ *fix: '
same "text: fortified: libc's words come after ours" "$words" "$(grep -vx 'Aborted' text | tail -n 1)"

#
# Before anything has gone wrong
#
for way in early early-forked early-twins; do
	same "bare: $way" '' "$(wrong $way)"
	for select in fix report off; do
		fresh
		same "$select: $way: nothing on its output" '' "$(guarded select=$select select-wrong $way 2>&1)"
		case $select,$way in
		off,*) want=0 ;;
		*,early-twins) want=2 ;; # two processes, and neither was warned
		*) want=1 ;;
		esac
		same "$select: $way: warnings" $want "$(overflows)"
		[ $want = 0 ] || check "$select: $way: the fd, and who made it" finding select.overflow level=warning action=reported fd=1024 'created.0.symbol=crowd_open+*'
	done
done
env LD_PRELOAD="$FDG_LIB" select-wrong early >out 2>text
same "text: early: nothing on its output" '' "$(cat out)"
check "text: early: a warning that names fd and crowd" names text '^fdguard: warning: .*1024.*\[select\.overflow\]$' 'crowd_open+0x' '1,0[0-9][0-9] UDP sockets'

#
# Done right
#
rule_modes='select=fix select=report select=off'
for way in heap static stack alloca poll low tablesize both; do
	rule "right: $way" 'select 1, set yes, read 1' select-right $way
done

finish
