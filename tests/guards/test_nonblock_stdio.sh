# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# nonblock.stdio. What nonblock-stdio-wrong leaves in another mode is named, however it leaves, and with fix it is put back; nonblock-stdio-right is silent, and so is
# a change that nobody else can meet. Each runs with a stdin that this shell holds too, as whoever stands in a pipeline does.
. "$FDG_SRC/tests/guards/rules.sh"
cases=$FDG_SRC/tests/cases
need script

# shellcheck disable=SC2317 # check calls it
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }
stdio() { findings '"id":"nonblock\.stdio"' | wc -l; }

# shared CMD…: its output, its status, and the mode of what it shared with this shell.
shared() { true | { "$@" 2>err; echo "$? $(when_left; fd-mode)"; } | tr '\n' ' ' | sed 's/ $//'; }
# A daemon's child goes on when its parent has ended.
when_left() {
	[ "$way" != daemon ] || while grep -qs -x nonblock-stdio- /proc/[0-9]*/comm; do sleep 0.02; done
}
# The same where stdin was non-blocking before.
shared_nonblocking() { true | { fd-mode 0 non-blocking; "$@" 2>err; echo "$? $(fd-mode)"; }; }

#
# Every way out
#
for way in return ioctl number exit _exit quick_exit exit_group exit-by-number copy close close-by-number fclose dup2 close_range daemon child clone last-thread message exec exec-name exec-child 'signal-child 15' 'signal-raw-child 15'; do
	case $way in
	exec) said='%s 3' ;;
	exec-name) said='%s 0' ;;
	exec-child) said='%s 3' ;;
	daemon) said=0 ;;
	signal-*) said='still non-blocking 3' ;;
	*) said=3 ;;
	esac
	# shellcheck disable=SC2059,SC2086
	bare="$(printf "$said" non-blocking) non-blocking"
	# shellcheck disable=SC2086
	same "bare: $way leaves it non-blocking" "$bare" "$(shared nonblock-stdio-wrong $way)"
	for nonblock in report fix off; do
		fresh
		# shellcheck disable=SC2086
		got=$(shared guarded nonblock=$nonblock nonblock-stdio-wrong $way)
		want=$bare action=reported
		# shellcheck disable=SC2059
		[ $nonblock != fix ] || want="$(printf "$said" blocking) blocking" action=fixed
		same "$nonblock: $way" "$want" "$got"
		check "$nonblock: $way: covered" covered
		check "$nonblock: $way: no word of ours on standard error" unmentioned err
		if [ $nonblock = off ]; then
			check "off: $way: nothing is said" quiet
			continue
		fi
		same "$nonblock: $way: told once" 1 "$(stdio)"
		check "$nonblock: $way: what, from and to, where, and with whom" finding nonblock.stdio level=warning action=$action guard=nonblock kind=pipe \
			mode=non-blocking before=blocking 'site.0.symbol=turn*' 'site.0.object=*/nonblock-stdio-wrong' 'other_pid=[1-9]*'
		case $way in
		close_range) ;; # by a copy, when 0 was closed
		exec*) check "$nonblock: $way: which, and who is started with it" finding nonblock.stdio fd=0 stream=stdin 'message=* starts /* with stdin *' ;;
		*) check "$nonblock: $way: which" finding nonblock.stdio fd=0 stream=stdin 'message=* leaves stdin *' ;;
		esac
	done
done

# Signals that end a program: no handler of ours.
for number in 1 2 13 14 15; do
	for nonblock in off report fix; do
		fresh
		same "$nonblock: signal $number" "$((128 + number)) non-blocking" "$(shared guarded nonblock=$nonblock nonblock-stdio-wrong signal $number)"
		check "$nonblock: signal $number: no finding" quiet
	done
done

# What a program leaves to a child that it forked is judged when that leaves.
shared_until_eof() { true | { said=$("$@" 2>err); echo "$said$(fd-mode)"; }; }
for way in heir worker; do
	for nonblock in report fix; do
		fresh
		[ $nonblock = fix ] && want='non-blocking blocking' action=fixed || want='non-blocking non-blocking' action=reported
		same "$nonblock: $way" "$want" "$(shared_until_eof guarded nonblock=$nonblock nonblock-stdio-wrong $way)"
		same "$nonblock: $way: told once" 1 "$(stdio)"
		check "$nonblock: $way: reported" finding nonblock.stdio action=$action fd=0 'site.0.symbol=turn+*'
	done
done

# Nothing is put back under somebody who uses it and does not wait for the program's end: a neighbour, or a child of its own.
shared_with_neighbour() {
	true | {
		exec 7<&0 # a shell gives what it starts with & another stdin
		sleep 60 <&7 7<&- >/dev/null 2>&1 &
		exec 7<&-
		until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.01; done
		"$@" 2>err
		echo "$? $(fd-mode)"
		kill $!
	}
}
for way in return close exec-name; do
	[ $way = exec-name ] && said='non-blocking
0' || said=3
	fresh
	same "fix: $way, and a neighbour" "$said non-blocking" "$(shared_with_neighbour guarded nonblock=fix nonblock-stdio-wrong $way)"
	check "fix: $way, and a neighbour: who" finding nonblock.stdio action=reported fd=0 'other=sleep (pid [1-9]*), as its descriptor 0'
done

# An exec that fails when we have put the mode back for it: the program has its own again.
printf '#!/nonexistent\n' >broken
chmod +x broken
for nonblock in report fix; do
	[ $nonblock = fix ] && want='non-blocking 3 blocking' || want='non-blocking 3 non-blocking'
	same "$nonblock: an exec that fails" "$want" "$(shared guarded nonblock=$nonblock nonblock-stdio-wrong exec-fails)"
	# Nor is it put back while a number that came by SCM_RIGHTS is the same description.
	fresh
	same "$nonblock: replaced by what came in a message" "$want" "$(shared guarded nonblock=$nonblock nonblock-stdio-wrong to-message)"
	same "$nonblock: replaced by what came in a message: told once" 1 "$(stdio)"
done

# The other direction: whoever has it, too, may count on its blocking by now.
same "bare: to blocking" "3
blocking" "$(shared_nonblocking nonblock-stdio-wrong blocking | tr ' ' '\n')"
for nonblock in report fix; do
	fresh
	got=$(shared_nonblocking guarded nonblock=$nonblock nonblock-stdio-wrong blocking)
	same "$nonblock: to blocking" '3 blocking' "$got"
	check "$nonblock: to blocking: reported" finding nonblock.stdio action=reported mode=blocking before=non-blocking fd=0 stream=stdin
done

#
# What it is
#
# On a terminal the three are one.
for nonblock in report fix; do
	fresh
	[ $nonblock = fix ] && want=blocking || want=non-blocking
	got=$(guarded nonblock=$nonblock script -qec 'nonblock-stdio-wrong return; fd-mode 2' typescript </dev/null | tr -d '\r')
	same "$nonblock: a terminal" "$want" "$got"
	check "$nonblock: a terminal: by its name, and all that it is" finding nonblock.stdio fd=0 'stream=stdin, stdout and stderr' 'kind=terminal /dev/pts/*'
done

# Who started the program holds the description at a number of its own: that says something once the program has lived for a while.
export NAP_MS=150

# Standard output alone, a socket.
cat >on_socket.py <<'END'
import os, socket, subprocess, sys
a, b = socket.socketpair()
status = subprocess.call(["nonblock-stdio-wrong", "return", "1"], stdout=b)
print(status, "blocking" if os.get_blocking(b.fileno()) else "non-blocking")
END
fresh
same "report: a socket" '3 non-blocking' "$(guarded nonblock=report /usr/bin/python3 on_socket.py </dev/null)"
check "report: a socket: it is stdout" finding nonblock.stdio fd=1 stream=stdout 'kind=UNIX socket' 'other=python3 *'

# A descriptor above 2 that the program was started with: a jobserver's pipe, say.
shared_five() { true | { exec 5<&0 </dev/null; "$@" 5<&5 2>err; echo "$? $(fd-mode 5)"; }; }
for nonblock in report fix; do
	fresh
	[ $nonblock = fix ] && want='3 blocking' || want='3 non-blocking'
	same "$nonblock: descriptor 5" "$want" "$(shared_five guarded nonblock=$nonblock:cloexec=off nonblock-stdio-wrong return 5)"
	check "$nonblock: descriptor 5: named" finding nonblock.stdio fd=5 'stream=descriptor 5'
done
unset NAP_MS

#
# Done right
#
cat >shared <<'END'
true | { nonblock-stdio-right "$1"; echo "$? $(fd-mode)"; }
END
rule_modes='nonblock=report nonblock=fix nonblock=off'
for way in restored copy close atexit at_quick_exit handler handler-later ignored other-flags reopened own-pipe parent for-parent toggle signals vfork failed-exec; do
	rule "right: $way" '3 blocking' sh shared $way
done

# Nobody else has it, or has a mode: a pipe of this program alone, a file, /dev/null, a listener.
for nonblock in report fix; do
	fresh
	guarded nonblock=$nonblock /usr/bin/python3 -c 'import subprocess
raise SystemExit(subprocess.run(["nonblock-stdio-wrong", "return"], input=b"").returncode)'
	same "$nonblock: a pipe of its own: the status" 3 $?
	for file in /dev/null /dev/zero "$FDG_SRC/README.md"; do
		guarded nonblock=$nonblock nonblock-stdio-wrong return <"$file"
	done
	check "$nonblock: what nobody can meet: covered" covered
	check "$nonblock: what nobody can meet is no finding" quiet
	fresh
	guarded nonblock=$nonblock /usr/bin/python3 -c 'import socket, subprocess
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
raise SystemExit(subprocess.call(["nonblock-stdio-wrong", "return"], stdin=s))' 2>err
	same "$nonblock: a listener: the status" 3 $?
	check "$nonblock: a listener's mode is its next owner's" quiet
done

# In text.
true | { env LD_PRELOAD="$FDG_LIB" nonblock-stdio-wrong return 2>text; fd-mode >/dev/null; }
check "text: a sentence with name and kind" grep -q '^fdguard: warning: nonblock-stdio-wrong leaves stdin (pipe) non-blocking, and found it blocking \[nonblock\.stdio\]$' text
check "text: where, and what to do" grep -q '^ *changed at turn+0x' text
check "text: the cure" grep -q '^ *fix: put the flags back' text

finish
