# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of case 1. Exits 0 if everything that it says was so.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/lib.sh
. "$FDG_SRC/tests/cases/lib.sh"

programs='wget lynx tclsh lftp tcp tcp-select tcp-libc'
surprises=surprises
bold='' good='' wrong='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	escape=$(printf '\033')
	bold="${escape}[1m" good="${escape}[32m" wrong="${escape}[31m" plain="${escape}[0m"
fi

label() {
	case $1 in
	tcp) echo 'tcp.py, connect_ex' ;;
	tcp-select) echo 'tcp.py, select.select' ;;
	tcp-libc) echo 'tcp.py, as in 2014' ;;
	*) echo "$1" ;;
	esac
}

heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
command_shown() { printf '   $ %s\n' "$*"; }

# expect SENTENCE CMD…: CMD must succeed, else the sentence is told at the end.
expect() {
	sentence=$1
	shift
	"$@" >/dev/null || echo "$sentence" >>"$surprises"
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

# quoted FILE: real output, set off.
quoted() { sed 's/^/   | /' "$1"; }

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

heading '1. The programs alone'
command_shown "wget -q -O - $url   (and so on)"
show alone

heading '2. The same programs, started by the monitor'
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

heading '3. fdguard in front of the monitor; the programs and the monitor are the same files'
command_shown "fdguard run -- monitor wget -q -O - $url"
show parent fdguard run -- monitor

heading '4. fdguard around the program alone; the monitor leaks as before'
command_shown "monitor fdguard run --close-inherited -- wget -q -O - $url"
echo '   (what fdguard says goes to a file here, by --log, and is shown below)'
show child monitor fdguard run --log "$tmp/child.log" --close-inherited --

heading '5. What fdguard says'
echo '   In front of the monitor, only watching (--observe), while lynx fails:'
echo
command_shown "fdguard run --observe -- monitor lynx -dump $url"
record observed lynx fdguard run --observe -- monitor
quoted observed/lynx.out
echo
printf '   %s\n' 'How to read it: who inherited how many of what from whom, which numbers they had, and the function' \
	'of the parent that made them. SOCK_CLOEXEC belongs there; with fdguard in front it is as if it were.' '' \
	'Around wget alone, where nobody saw the monitor make them (section 4):' ''
awk '/^fdguard: / { paragraphs++ } paragraphs == 1' child.log >first
quoted first

heading '6. All of it'
summary

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
paragraph child.log cloexec.inherited >text
expect 'The report should say what wget was freed of.' names text wget 'UDP socket' '1,\{0,1\}10[01]'

if [ -e "$surprises" ]; then
	printf '\n%sNot as expected:%s\n' "$wrong" "$plain"
	sed 's/^/   /' "$surprises"
	exit 1
fi
printf '\n%sEverything was as expected.%s\n' "$good" "$plain"
