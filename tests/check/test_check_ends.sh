# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Programs that cannot say how they ended: behind a seccomp filter, past the C library, and where the log is out of reach.
. "$FDG_SRC/tests/check/lib.sh"
supervision=--no-supervise # strict mode cannot be entered under a supervisor's filter

lines() { grep -c "\"id\":\"$1\"" kept/log.jsonl; }
for way in prctl syscall strict; do
	exits "CMD enters a filter by $way" 0 --out kept -- check-ends $way
	says "$way: it was guarded until then" '^Guarded until a seccomp filter went in'
	says "$way: with its name" "^  pid [0-9]*, check-ends $way\$"
	says_not "$way: it had its end" 'no proper end'
	same "$way: once" '1 1' "$(lines run.start) $(lines run.end)"
	check "$way: the JSON tells it" grep -q "\"filtered\":\[{\"pid\":[0-9]*,\"command\":\"check-ends $way\",\"forked\":false}\]" kept/findings.json
	exits "a child enters a filter by $way" 0 -- sh -c "check-ends $way; true"
	says "$way: the child's name" "^  pid [0-9]*, check-ends $way\$"
done
exits 'a filter, with --leaks' 0 --leaks -- check-ends prctl
says 'leaves open what was open' '^Not in these counts: 1 image that ended without telling what it had open$'
exits 'a forked child enters a filter' 0 -- check-ends forked
says 'which is told' '^  pid [0-9]*, a forked child of .*/check-ends$'
exits 'findings before a filter' 99 -- sh -c 'cloexec-wrong socket fork show-fds; check-ends prctl'
exits 'a filter that does not go in' 0 --leaks --out kept -- check-ends refused
says_not 'changes nothing' 'seccomp'
says 'as what was open is told' '^  1 x UDP socket, made at '
same 'the last end of several counts' 3 "$(lines run.end)"

exits 'CMD ends past the C library' 0 -- check-ends raw
says 'which is told' "^The command's last word is missing: it was guarded, and ended past the C library"
exits 'with --leaks its end matters' 98 --leaks -- check-ends raw
says 'which is told too' 'what it had open at its end (--leaks) is not known$'

if [ "$(id -u)" -eq 0 ]; then
	exits 'lines that find no log any more, and no end' 98 -- check-ends jail
	says 'are counted all the same' ' of the lines of the log .* could not be written'
	exits 'in a child' 98 -- sh -c 'check-ends jail; true'
	exits "after the parent's end" 98 --out kept -- check-ends late
	check 'which knew of none' grep -q '"id":"run.end".*"lost":0,"lost_run":0,"lost_below":0' kept/log.jsonl
	exits 'an end out of reach, with nothing to tell' 0 -- check-ends away
	says 'is only missing' "^The command's last word is missing"
	exits 'in a child' 0 -- sh -c 'check-ends away; true'
	exits 'a chroot without the library' 98 -- sh -c 'mkdir room; chroot room /nothing 2>/dev/null; true'
	same 'nothing is left beside the log' 'findings.json log.jsonl summary.txt' "$(cd kept && echo *)"
fi
finish
