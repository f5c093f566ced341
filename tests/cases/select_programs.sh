# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Programs as Debian built them, without a fortified FD_SET, whose sets overflow when their parent leaks its sockets into them: alone (healthy), under the
# leaking monitor (bare), there with their select mended (fixed) and only watched (reported), and with the monitor guarded (parent). And perl, which makes its
# sets as long as they must be.
#
#   multitail     select(max + 1, [keys command], NULL, NULL, timeout): the command's bit falls into the stack protector's canary, and the kernel writes
#                 its answer over the rest of it; it is aborted at the first key
#   p910nd        select(max + 1, [client printer], [], NULL, {0, 100000}): the printer's bit falls into writefds; it spins, and what the printer answers
#                 is lost
#   streamripper  select(max + 1, [pipe stream], NULL, NULL, {5, 0}): the bits fall into its callers' frames, where the kernel writes over return
#                 addresses; it crashes before the first byte is recorded
#
# How many sockets are leaked decides where the bits fall. Many a number just above 1,023 falls upon variables and saved registers of the function that calls
# FD_SET: these are broken before select is called, and nobody can mend that.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/lib.sh
. "$FDG_SRC/tests/cases/lib.sh"

PATH=$PATH:/usr/sbin
need multitail p910nd streamripper perl timeout
cases_begin

# run_program PROGRAM PREFIX…: prints what it achieved, and exits as it did.
run_program() {
	program=$1
	shift
	case $program in
	multitail) timeout 30 /usr/bin/python3 "$cases/terminal.py" "$@" ;;
	p910nd) timeout 30 /usr/bin/python3 "$cases/printer.py" "$@" ;;
	streamripper)
		rm -rf rip
		timeout 30 "$@" streamripper "http://127.0.0.1:$(port radio)/" -d "$tmp/rip" -A -a song.mp3 -m 5 --quiet -c </dev/null >streamripper.said 2>&1
		status=$?
		echo "recorded $(find rip -name song.mp3 -printf '%s' 2>/dev/null) bytes"
		return "$status"
		;;
	perl) timeout 30 "$@" perl "$cases/ioselect.pl" 127.0.0.1 "$(port echo)" </dev/null ;;
	esac
}

# shellcheck disable=SC2317 # called by did_it
achieved() {
	case $1 in
	multitail) printf 'the line was shown\nit ended when it was told to\n' ;;
	p910nd) printf 'the printer got the page\nthe client got the printer'\''s answer\n' ;;
	streamripper) echo 'recorded 165888 bytes' ;; # 400 frames of 417, in whole blocks of 1,024
	perl) echo 'answer: hello' ;;
	esac
}

# try STATE PROGRAM PREFIX…: leaves what came out in STATE/PROGRAM.out and STATE/PROGRAM.status.
try() {
	state=$1
	shift
	mkdir -p "$state"
	run_program "$@" >"$state/$1.out" 2>&1
	echo $? >"$state/$1.status"
}

# shellcheck disable=SC2317 # called by check
did_it() {
	[ "$(cat "$1/$2.status")" = 0 ] && [ "$(cat "$1/$2.out")" = "$(achieved "$2")" ] && return
	sed 's/^/# /' "$1/$2.out"
	echo "# status $(cat "$1/$2.status")"
	return 1
}

# finding ID CONDITION…: a line of the log, see finding.py.
# shellcheck disable=SC2317 # called by check
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }

programs='multitail streamripper'
if mkdir -p /var/lock/p910nd 2>/dev/null && [ -w /var/lock/p910nd ]; then # as its start script does
	programs="$programs p910nd"
else
	echo '# p910nd is left out: only root may make its directory for locks'
fi

# sockets PROGRAM: how many the monitor leaks.
sockets() {
	case $1 in
	multitail) echo 1100 ;;
	p910nd) echo 2000 ;;
	*) echo 3150 ;;
	esac
}

for program in $programs; do
	sockets=$(sockets "$program")
	leak="monitor -n $sockets"
	first="$((sockets / 10))?" # glob for the numbers that the program gets

	try healthy "$program"
	check "$program alone works" did_it healthy "$program"

	# shellcheck disable=SC2086 # words
	try bare "$program" $leak
	refuse "$program under the leaking monitor fails" did_it bare "$program"

	fresh
	# shellcheck disable=SC2086
	try fixed "$program" $leak fdguard run --json --log "$tmp/log" --
	check "$program works there when its select is mended" did_it fixed "$program"
	check "$program: it is said which descriptor, by whom, where it was made, and who has the low numbers" finding select.overflow level=error action=fixed "fd=$first" \
		"exe=*/$program" "site.0.object=*/$program" "created.0.object=*/$program" "asked=select($first, *" "meant=select($first, *[[]*$first], *" \
		'below=1,02? UDP sockets that this program inherited'
	check "$program had all of its descriptors" finding cloexec.inherited action=reported

	fresh
	# shellcheck disable=SC2086
	try reported "$program" $leak fdguard run --set select=report --json --log "$tmp/log" --
	refuse "$program, only watched, fails as bare" did_it reported "$program"
	check "$program, only watched: it is said" finding select.overflow level=error action=reported "fd=$first" "exe=*/$program"

	fresh
	# shellcheck disable=SC2086
	try parent "$program" fdguard run --json --log "$tmp/log" -- $leak
	check "$program works under the guarded monitor" did_it parent "$program"
	check "… without a word" quiet
done

# How they fail; the one that crashes does it in more than one way.
check 'multitail, bare: shows what it should, until a key is pressed' grep -qx 'it was aborted' bare/multitail.out
check 'streamripper, bare: nothing is recorded' grep -qx 'recorded 0\{0,1\} bytes' bare/streamripper.out
case $programs in *p910nd)
	check 'p910nd, bare: the page is printed, the answer never comes' grep -qx 'the client got no answer' bare/p910nd.out
	;;
esac

leak='monitor -n 3000'
fresh
# shellcheck disable=SC2086
try bare perl $leak
check 'perl lives under the leaking monitor' did_it bare perl
# shellcheck disable=SC2086
try fixed perl $leak fdguard run --json --log "$tmp/log" --
check 'and guarded' did_it fixed perl
check 'and is guarded' finding run.start 'exe=*/perl'
refuse 'and hears nothing about select' found '"guard":"select"'

finish
