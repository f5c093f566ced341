# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of case 1. Exits 0 if everything that it says was so.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/lib.sh
. "$FDG_SRC/tests/cases/lib.sh"
# shellcheck source=tests/cases/show.sh
. "$FDG_SRC/tests/cases/show.sh"

programs='wget lynx tclsh lftp tcp tcp-select tcp-libc'

label() {
	case $1 in
	tcp) echo 'tcp.py, connect_ex' ;;
	tcp-select) echo 'tcp.py, select.select' ;;
	tcp-libc) echo 'tcp.py, as in 2014' ;;
	*) echo "$1" ;;
	esac
}

# printed STATE PROGRAM: the first line of what it printed.
printed() {
	line=$(sed -n '1s/^ *//p' "$1/$2.out")
	printf '%s' "${line:-(nothing)}"
}

# show STATE PREFIX…: runs every program behind PREFIX, and prints a table as they end.
show() {
	state=$1
	shift
	printf '   %-22s %4s  %s\n' program exit 'first line of its output'
	for program in $programs; do
		record "$state" "$program" "$@"
		colour=$wrong
		if works "$state" "$program"; then colour=$good; fi
		printf '   %-22s %s%4s  %s%s\n' "$(label "$program")" "$colour" "$(cat "$state/$program.status")" "$(printed "$state" "$program")" "$plain"
	done
}

# outcome STATE PROGRAM
outcome() { if works "$1" "$2"; then echo works; else echo fails; fi; }

summary() {
	printf '   %-22s %-8s %-14s %-17s %s\n' program alone 'under monitor' 'monitor guarded' 'program guarded'
	for program in $programs; do
		printf '   %-22s %-8s %-14s %-17s %s\n' "$(label "$program")" "$(outcome alone "$program")" "$(outcome bare "$program")" \
			"$(outcome parent "$program")" "$(outcome child "$program")"
	done
}

# traced NAME PREFIX…: the probe of 2014 behind PREFIX. Leaves its calls in NAME.trace, its output in NAME.out, fdguard's words in NAME.said, its status in
# NAME.status; and in NAME.calls what concerns its socket, with addresses and times as short as strace had them in 2014.
watched_calls='socket,ioctl,connect,pselect6,ppoll,?select,?poll'
traced() {
	name=$1
	shift
	probe tcp-libc monitor -n 1041 strace -T -o "$name.trace" -e "trace=$watched_calls" "$@" >"$name.out" 2>"$name.said"
	echo $? >"$name.status"
	awk '/^socket\(AF_INET, SOCK_STREAM/ && match($0, /= [0-9]+/) { fd = substr($0, RSTART + 2, RLENGTH - 2); print; next }
		fd && (index($0, "(" fd ",") || index($0, " " fd "]") || index($0, "{fd=" fd ","))' "$name.trace" |
		sed 's/{sa_family=AF_INET, sin_port=htons(\([0-9]*\)), sin_addr=inet_addr("\([0-9.]*\)")}, 16/{… \2:\1}/
			s/{tv_sec=\([0-9]*\), tv_nsec=\([0-9]*\)}/{\1, \2}/g; s/  *= / = /; s/^\(p[a-z0-9]*(.*)\) = /\1\n    = /' >"$name.calls"
}

incident() {
	command="tcp.py 127.0.0.1 $(port slow) libc"
	printf '   %s\n' \
		'The probe tcp.py, with the C code that Python had in 2014: connect, select, connect. The monitor has' \
		'1,041 sockets here, so that the numbers are those of the incident. strace, of its socket alone, with' \
		'addresses and times shortened; then what tcp.py prints:'
	echo
	command_shown "monitor -n 1041 strace -T $command"
	traced bare-2014
	cat bare-2014.calls bare-2014.out >shown
	quoted shown
	echo
	printf '   %s\n' \
		'A set ends at 1,023. The bit of 1,045 fell into the timeout that lies behind it, and 5 seconds became' \
		'2,097,157, which is 5 + 2^21. The kernel took the bits of the timeout, 0 and 2, for descriptors 1,024' \
		'and 1,026: sockets of the monitor, ready at once. tcp.py took that for its own connection.'
	echo
	echo '   The same with fdguard around the probe, which keeps all that it inherited:'
	echo
	command_shown "monitor -n 1041 strace -T \\"
	echo "       fdguard run --set cloexec.inherited=keep -- $command"
	traced mended-2014 fdguard run --set cloexec.inherited=keep --
	cat mended-2014.calls mended-2014.out >shown
	quoted shown
	echo
	printf '   %s\n' \
		'It waits for the one descriptor that was meant, and would for the 5 seconds that were meant: the' \
		'server turned the first attempt away, and the kernel tries again after a second. fdguard says:'
	echo
	quoted mended-2014.said
}

check_incident() {
	expect 'strace should show the select of 2014.' \
		grep -q '^pselect6(1046, NULL, \[1024 1026 1045\], NULL, {tv_sec=2097157, tv_nsec=0}, NULL) *= 2 (out \[1024 1026\]' bare-2014.trace
	expect 'strace should show EALREADY.' grep -q '^connect(1045, .* = -1 EALREADY' bare-2014.calls
	expect 'The probe of 2014 should report EALREADY.' same_as EALREADY bare-2014.out
	expect 'The probe of 2014 should fail.' same_as 1 bare-2014.status
	expect 'strace should show a wait of up to 5 s for descriptor 1045 alone.' \
		grep -q '^ppoll(\[{fd=1045, events=POLLOUT[A-Z|]*}\], 1, {tv_sec=5, tv_nsec=0}, NULL, 8) *= 1 ' mended-2014.trace
	expect 'strace should show no other select.' missing '^pselect6(10' mended-2014.trace
	expect 'strace should show that the connection was made.' grep -q '^connect(1045, .* = 0' mended-2014.calls
	expect 'The probe of 2014 should find the port open.' same_as open mended-2014.out
	expect 'The probe of 2014 should succeed.' same_as 0 mended-2014.status
	expect 'The report should name the descriptor, the call as it was, and as it was meant.' names mended-2014.said '[[]select.overflow]' 'fd 1045' \
		'select(1046, NULL, [[]1024 1026 1045], NULL, {2097157, 0})' 'select(1046, NULL, [[]1045], NULL, {5, 0})'
}

# same_as TEXT FILE, missing PATTERN FILE
same_as() { [ "$(cat "$2")" = "$1" ]; }
missing() { ! grep -q "$1" "$2"; }

# shellcheck disable=SC3045 # dash and busybox know -H
limit=$(ulimit -H -n)
if [ "$limit" != unlimited ] && [ "$limit" -lt 1200 ]; then
	echo "The hard limit for open files is $limit here (ulimit -H -n); this case needs 1,200." >&2
	exit 1
fi
cases_begin
url=http://127.0.0.1:$(port http)/

printf '%s\n' "${bold}Case 1: the child that inherited a thousand sockets${plain}" '' \
	'A monitor resolves names by itself, over 1,100 UDP sockets that it opens once and registers in one' \
	'epoll (tests/cases/monitor.c). None of them is close-on-exec. So each program that it starts is born' \
	'with 1,101 descriptors that it knows nothing of, and its own first socket gets a number above 1,023:' \
	'more than select() can name. All servers of this demonstration run on this machine, and answer late.'

heading '1. The incident of 2014, call by call'
incident

heading '2. More programs, alone'
command_shown "wget -q -O - $url   (and so on)"
show alone

heading '3. The same programs, started by the monitor'
command_shown "monitor wget -q -O - $url"
show bare monitor
printf '   %s\n' \
	'wget looks at the number and gives up without a word. lynx, tclsh and lftp are aborted by the C' \
	"library's FD_SET. tcp.py with connect_ex lives because Python waits in poll by now; \"as in 2014\" is" \
	"the same probe with the C code that Python had then: its bit lands in select's timeout, select" \
	'returns at once, and the probe reports EALREADY.'
echo
command_shown "monitor -v lynx -dump $url"
monitor -v lynx -dump "$url" >whole 2>&1 </dev/null
quoted whole

heading '4. fdguard in front of the monitor; the programs and the monitor are the same files'
command_shown "fdguard run -- monitor wget -q -O - $url"
show parent fdguard run -- monitor

heading '5. fdguard around the program alone; the monitor leaks as before'
command_shown "monitor fdguard run --close-inherited -- wget -q -O - $url"
echo '   (what fdguard says goes to a file here, by --log, and is shown below)'
show child monitor fdguard run --log "$tmp/child.log" --close-inherited --

heading '6. What fdguard says'
echo '   In front of the monitor, only watching (--observe), while lynx fails:'
echo
command_shown "fdguard run --observe -- monitor lynx -dump $url"
record observed lynx fdguard run --observe -- monitor
quoted observed/lynx.out
echo
printf '   %s\n' 'How to read it: who inherited how many of what from whom, which numbers they had, and the function' \
	'of the parent that made them. SOCK_CLOEXEC belongs there; with fdguard in front it is as if it were.' \
	'The last paragraph is what it came to: the number that FD_SET cannot take, who called FD_SET with it,' \
	'and who made that descriptor. The abort stays; anything else would overwrite memory.' '' \
	'Around wget alone, where nobody saw the monitor make them (section 5):' ''
awk '/^fdguard: / { paragraphs++ } paragraphs == 1' child.log >first
quoted first

heading '7. All of it'
summary

check_incident
for program in $programs; do
	name=$(label "$program")
	expect "$name should work alone." works alone "$program"
	if suffers "$program"; then
		expect "$name should fail under the monitor as in the incident." fails_bare bare "$program"
	else
		expect "$name should work under the monitor." alike alone bare "$program"
	fi
	expect "$name should work under the guarded monitor as it does alone." alike alone parent "$program"
	expect "$name guarded should work under the monitor as it does alone." alike alone child "$program"
done
paragraph observed/lynx.out cloexec.leaked >text
expect 'The report should name the child, the parent, kind, count and code.' names text lynx monitor 'UDP socket' '1,\{0,1\}100' dns_pool_open
paragraph observed/lynx.out select.fortify >text
expect 'The report should say which descriptor aborts lynx, and where it was made.' names text 'fd 110[0-9]' 'called at /' 'made at /'
paragraph child.log cloexec.inherited >text
expect 'The report should say what wget was freed of.' names text wget 'UDP socket' '1,\{0,1\}10[01]'

shown_as_expected
