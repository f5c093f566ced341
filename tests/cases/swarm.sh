# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # tmp comes from harness/lib.sh
# For case 5's test and demo, after tests/harness/lib.sh: the daemons, and the manager that keeps connections to them.

# swarm copy|original PREFIX…: the manager behind PREFIX, with 64 daemons; their port is left in ./port. Prints what the manager says.
swarm() {
	way=$1
	shift
	rm -f port
	/usr/bin/python3 "$FDG_SRC/tests/cases/daemons.py" port 64 </dev/null >daemons.log 2>&1 &
	daemons=$!
	tries=0
	until [ -e port ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ] || ! kill -0 "$daemons" 2>/dev/null; then
			echo "The daemons did not start:" >&2
			cat daemons.log >&2
			return 99
		fi
		sleep 0.1
	done
	"$@" timeout 20 "$FDG_BIN/swarm" "$(cat port)" 64 "$way"
	wait "$daemons"
}
