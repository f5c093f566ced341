# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/demo shows of case 3. Exits 0 if everything that it says was so.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/show.sh
. "$FDG_SRC/tests/cases/show.sh"
# shellcheck source=tests/guards/reuseport.sh
. "$FDG_SRC/tests/guards/reuseport.sh"

mkdir bin
ln -s "$FDG_RUN" bin/fdguard
ln -s "$FDG_BIN/listeners" bin/listeners
chmod -R a+rX "$tmp"
export PATH="$tmp/bin:$PATH" HOME="$tmp" LC_ALL=C
connections=4000

# shown NAME PREFIX… -- HOW N: what the clients saw; what fdguard says goes to NAME.said.
shown() {
	name=$1
	shift
	"$@" >"$name" 2>"$name.said"
	quoted "$name"
}

# number NAME FIELD: of "4000 connections, 80 closings: 0 reset, 0 lost, 0 served twice"
number() { awk -v at="$2" '{ print $at }' "$1"; }
has_resets() { [ "$(number "$1" 5)" -gt 0 ]; }
is_well() { [ "$(sed 's/.*: //' "$1")" = '0 reset, 0 lost, 0 served twice' ] && [ "$(number "$1" 3)" -gt 0 ]; }
# The first finding, which is the rest of them in small.
first_of() { awk '/^fdguard: / { if (/reuseport\.reset/) { n++; keep = n == 1 } else keep = 0 } keep' "$1" >"$1.first"; }

printf '%s\n' "${bold}Case 3: SO_REUSEPORT, and connections that are reset${plain}" '' \
	'A server has a listener for each of its workers, all on one port, each with a queue of its own. A worker' \
	'restarts: its listener is closed and opened again. Sixteen clients connect at full speed, and count.' \
	'All of it runs on this machine.'

heading '1. Bare'
for how in 'process 4' 'process 64' 'workers 4' 'workers 64'; do
	command_shown "listeners $how $connections"
	# shellcheck disable=SC2086
	shown "bare-${how% *}-${how#* }" timeout 120 listeners $how $connections
	expect "Bare, connections should be reset ($how)." has_resets "bare-${how% *}-${how#* }"
done
echo
printf '   %s\n' 'The other listeners were there all the time. The server logs nothing.'

heading '2. fdguard, which only watches'
command_shown "fdguard run --observe -- listeners process 4 $connections"
shown report fdguard run --observe -- listeners process 4 $connections
first_of report.said
quoted report.said.first
echo
printf '   %s\n' "… and so on, $(grep -c 'reuseport\.reset' report.said) times: how many, and the close that did it."

heading '3. fdguard, which saves them'
if may_load; then
	for how in 'process 4' 'process 64' 'workers 4' 'workers 64'; do
		command_shown "fdguard run --set reuseport=fix -- listeners $how $connections"
		# shellcheck disable=SC2086
		shown "fix-${how% *}-${how#* }" fdguard run --set reuseport=fix -- listeners $how $connections
		expect "None should be lost ($how)." is_well "fix-${how% *}-${how#* }"
	done
	first_of fix-process-4.said
	quoted fix-process-4.said.first
	expect 'It should say that it was the kernel.' grep -q '^ *cure: migration by eBPF' fix-process-4.said
	echo
	printf '   %s\n' 'By a BPF program of two instructions on the group: the kernel hands the queue on.'
else
	printf '   %s\n' 'This process may not load eBPF, with which the kernel would hand the queue on.'
fi

heading '4. The same for an ordinary user, who may not load eBPF'
for n in 4 64; do
	command_shown "fdguard run --set reuseport=fix -- listeners process $n $connections"
	shown "user-$n" as_user fdguard run --set reuseport=fix -- listeners process $n $connections
	expect "None should be lost ($n listeners, an ordinary user)." is_well "user-$n"
done
echo
printf '   %s\n' \
	'fdguard has the kernel choose among the other listeners, accepts what is queued before the listener is' \
	'closed, and the next accept on another one returns it. That takes a group in one process; with one worker' \
	'per process an ordinary user is told why not.'

expect 'The report should say how many.' grep -q '^ *count: [1-9]' report.said
expect 'The report should name the code that closes.' grep -q '^ *closed at restart+0x' report.said

shown_as_expected
