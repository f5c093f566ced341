# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # tmp comes from harness/lib.sh
# For case 2's test and demo, after tests/harness/lib.sh: service A with its 360 threads, and the instances of service B.

threads=360
instances=4 # the last one stays
retired='127.0.0.2 127.0.0.3 127.0.0.4'
service='' served=''

# await CMD…: until it succeeds, or it has been tried for 15 s.
await() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -le 150 ] || return 1
		sleep 0.1
	done
}

# service_starts NAME WAY PREFIX…: (commands, no functions: a shell in between would take the signals) the instances, and A behind PREFIX, which is connected to all of them then. It says what it says in NAME.out and NAME.said.
service_starts() {
	name=$1 way=$2
	shift 2
	rm -f port "$name.out"
	/usr/bin/python3 "$FDG_SRC/tests/cases/instances.py" port "$instances" </dev/null >instances.log 2>&1 &
	served=$!
	await test -e port || return 99
	"$@" "$FDG_BIN/service-a" "$(cat port)" "$threads" "$instances" "$way" </dev/null >"$name.out" 2>"$name.said" &
	service=$!
	await grep -qs '^connected' "$name.out"
}

# The nightly replacement: all instances but the last close all that they have. Or they close their half of it. A sees all of it at once.
replaced() { all_close USR1; }
half_closed() { all_close USR2; }
all_close() {
	kill -STOP "$service"
	kill "-$1" "$served"
	await each_in_state "$threads" close-wait
	set -- "$?"
	kill -CONT "$service"
	return "$1"
}

# service_ends: A says what it has left.
service_ends() {
	kill "$service" && wait "$service"
	kill "$served" && wait "$served"
	service='' served=''
}

# in_state STATE HOST: how many sockets of A are in this state with this instance as their peer.
in_state() { ss -Htn state "$1" dst "$2" dport = ":$(cat port)" | wc -l; }
# each_in_state N STATE: … with each that was replaced.
each_in_state() {
	for host in $retired; do
		[ "$(in_state "$2" "$host")" -eq "$1" ] || return 1
	done
}

# Whatever happens.
service_cleanup() {
	for process in $service $served; do
		kill "$process" 2>/dev/null
		wait "$process" 2>/dev/null
	done
}
trap 'status=$?; service_cleanup; cd /; rm -rf "$tmp"; exit $status' EXIT
