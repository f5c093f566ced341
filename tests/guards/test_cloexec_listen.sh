# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# LISTEN_FDS is for the process that LISTEN_PID names: what is started by an activated service has the variables too, and means nothing by them.
. "$FDG_SRC/tests/guards/rules.sh"

show=$FDG_BIN/show-fds
for how in exec fork vfork spawn system; do
	rule "LISTEN_FDS alone, $how" '3 socket' env -u LISTEN_PID LISTEN_FDS=1 cloexec-wrong socket $how "$show"
done
rule 'LISTEN_PID is the process that execs' '3 socket' sh -c "LISTEN_FDS=1 LISTEN_PID=\$\$ exec cloexec-wrong socket exec $show"
rule 'a shell sets LISTEN_PID' '3 socket' env LISTEN_FDS=1 cloexec-wrong socket fork /bin/sh -c "LISTEN_PID=\$\$ exec $show"
for how in spawn system; do
	rule "LISTEN_PID may be set right yet, $how" '3 socket' env LISTEN_FDS=1 LISTEN_PID=1 cloexec-wrong socket $how "$show"
done

stale() {
	sentence=$1
	shift
	fresh
	same "fix: $sentence" '' "$(guarded cloexec=fix "$@")"
	check "fix: $sentence: covered" covered
	fresh
	same "report: $sentence: as bare" '3 socket' "$(guarded cloexec=report "$@")"
	check "report: $sentence: a leak" found '"id":"cloexec\.leaked".*"fd":3'
}
for how in exec fork vfork; do
	stale "LISTEN_PID is another process, $how" env LISTEN_FDS=1 LISTEN_PID=1 cloexec-wrong socket $how "$show"
done
for how in fork vfork spawn system; do
	stale "LISTEN_PID is the parent, $how" sh -c "LISTEN_FDS=1 LISTEN_PID=\$\$ exec cloexec-wrong socket $how $show"
done

# An unguarded parent: what it leaks is known by the child alone.
for options in cloexec=fix cloexec=report; do
	fresh
	LISTEN_FDS=1 guarded $options sh -c "LISTEN_PID=\$\$ exec $show" 3</dev/null >out
	check "$options: the process that is meant: nothing to report" quiet
	fresh
	(LISTEN_FDS=1 LISTEN_PID=1 guarded "$options" "$show" 3</dev/null >out)
	check "$options: another one: what nobody named" found '"id":"cloexec\.inherited"'
done
finish
