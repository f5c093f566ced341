# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Case 3, the reset handshake: clients at full speed, while listeners of a SO_REUSEPORT group are closed and opened again: bare, watched, and mended, by who may load eBPF and by an
# ordinary user.
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/guards/reuseport.sh
. "$FDG_SRC/tests/guards/reuseport.sh"
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C
cases=$FDG_SRC/tests/cases
need setpriv awk timeout
chmod 755 "$tmp"
runs=5 connections=1500

preloaded() { echo "env LD_PRELOAD=$FDG_LIB FDGUARD_OPTIONS=format=json:log=$tmp/log:cloexec=off:stacks=1:reuseport=$1"; }

# "2000 connections, 80 closings: 0 reset, 0 lost, 0 served twice"
closings() { printf '%s\n' "$1" | awk '{ print $3 }'; }
reset() { printf '%s\n' "$1" | awk '{ print $5 }'; }
well() { [ "${1#*: }" = '0 reset, 0 lost, 0 served twice' ]; }
# The counts of all findings together.
counted() { /usr/bin/python3 "$cases/finding.py" -p count log reuseport.reset action=reported | awk '{ n += $1 } END { print n + 0 }'; }

watched() {
	bare=$(timeout 120 listeners "$1" "$2" $connections)
	check "$1, $2: bare, connections are reset: $bare" [ "$(reset "$bare")" -gt 0 ]
	fresh
	# shellcheck disable=SC2046
	got=$($(preloaded report) timeout 120 listeners "$1" "$2" $connections)
	check "$1, $2: watched: $got" [ "$(reset "$got")" -gt 0 ]
	check "$1, $2: told: $(counted) queued" [ "$(counted)" -gt 0 ]
}

# mended WHO HOW N: the sum of all runs
mended() {
	i=0 closed=0
	while [ $i -lt $runs ]; do
		# shellcheck disable=SC2046
		got=$($1 $(preloaded fix) timeout 120 listeners "$2" "$3" $connections)
		check "$1 $2, $3: none is lost: $got" well "$got"
		closed=$((closed + $(closings "$got")))
		i=$((i + 1))
	done
	check "$1 $2, $3: listeners were closed" [ $closed -gt 0 ]
}

for n in 4 64; do
	watched process $n
	watched workers $n
done
: >log
chmod 666 log
if may_load; then
	for n in 4 64; do
		mended '' process $n
		mended '' workers $n
	done
	same 'nothing is told as lost' 0 "$(counted)"
fi
for n in 4 64; do
	mended as_user process $n
done
same 'nor by hand-over' 0 "$(counted)"
finish
