# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Every program image that is seen to start runs guarded, or is told with the reason.
. "$FDG_SRC/tests/check/lib.sh"
supervision=--no-supervise
need setpriv setcap

static=$FDG_BIN/check-static
for how in exec fork vfork spawn spawnp system popen; do
	exits "static, by $how" 98 -- check-starts $how "$static"
	says "static, by $how: the program and the reason" 'check-static (pid [0-9]*).*started by .* ran unguarded: it is statically linked.* \[run\.uncovered\]'
	says "static, by $how: how many" '1 did not'
	exits "dynamic, by $how" 0 -- check-starts $how "$FDG_BIN/check-starts"
	says "dynamic, by $how: all guarded" '^Covered: [23] programs ran guarded, 0 did not$'
done
check-starts altstack /bin/true
same 'a small signal stack, bare' 0 $?
exits 'a small signal stack' 0 --out kept -- check-starts altstack /bin/true
says 'is large enough for us too' '^Covered: 2 programs ran guarded, 0 did not$'
same 'with the end of each' 2 "$(grep -c '"id":"run.end"' kept/log.jsonl)"
exits 'a program that becomes another' 0 -- env true
says 'both are counted' '^Covered: 2 programs ran guarded, 0 did not$'
says_not 'and the first one had its end: what it became' 'proper end'
exits 'CMD itself is static' 98 -- "$static"
exits 'a static program that starts a guarded one in its place' 98 -- check-starts fork "$static" exec "$FDG_BIN/check-starts"
says 'both are counted' '^Covered: 2 programs ran guarded, 1 did not$'
exits 'it is not hidden by findings' 99 -- sh -c 'check-static; cloexec-wrong socket fork show-fds'
says 'one of each' 'FAILED: 1 finding, 1 program ran unguarded'
exits 'never counted for 99, at any level' 98 --fail-on note --exitcode 1 -- check-starts fork "$static"
echo 'run.uncovered exe:check-static # linked so on purpose' >accepted
exits 'accepted by suppressing it' 0 --set suppressions=accepted -- check-starts fork "$static"
exits 'another one is not' 98 --set suppressions=accepted -- sh -c "cp $static other; ./other"

# What a shell tries and does not find was not started.
mkdir empty
PATH=$tmp/empty:$PATH exits 'folders of PATH that do not have it' 0 -- sh -c 'show-fds; nosuchprogram; true'
printf '#!/bin/sh\ntrue\n' >script
printf 'true\n' >text
chmod +x script text
exits 'scripts' 0 -- sh -c './script; ./text; check-starts spawnp ./script'
says_not 'are programs too' 'did not [^0]'
cp /bin/true gone
exits 'a program that is gone by now' 0 -- sh -c './gone; rm gone'

exits 'an environment of its own' 0 -- env -i "$FDG_BIN/check-starts" fork "$FDG_BIN/check-starts"
exits 'the preload is lost on purpose' 98 --set follow=off -- env -i "$FDG_BIN/check-starts" fork "$FDG_BIN/check-starts"
says 'and that is the reason' 'check-starts .*: the preload was lost \[run\.uncovered\]'
exits 'left out by name' 0 --set skip=show-fds -- sh -c 'show-fds; true'
exits 'left out by name, a static one' 0 --set skip=check-static -- sh -c 'check-static; true'
exits 'all but some' 0 --set only=sh,dash -- sh -c 'show-fds; true'

exits 'all' 98 --set only=nothing -- sh -c 'show-fds; true'
says 'is told: nothing was watched' 'no program at all was guarded: options only and skip left out all that started'
says 'with how many' '^Not in these counts: [23] programs that only or skip left out$'

# Programs that never came to run: killed at once, or without a library that they need.
echo 'int f(void) { return 0; }' >f.c
echo 'int f(void); int main(void) { return f(); }' >needs.c
cc -shared -fPIC -o libf.so f.c
cc -o needs needs.c -L. -lf
exits 'one that cannot be loaded' 0 -- sh -c './needs; true'
says 'did not run unguarded' ' guarded, 0 did not$'
says 'but is told' '^Not in these counts: 1 program that was started, and was never heard of: killed at once, or not loaded$'
exits 'CMD that cannot be loaded' 127 -- ./needs
exits 'one that runs, with the preload spoilt on the way' 98 -- env LD_PRELOAD=libfdguard.so sleep 1
says 'is not taken for one' 'sleep (pid [0-9]*), started by env, ran unguarded: .* the preload was lost'
exits 'the same, in a child that lives for a while' 98 -- sh -c 'LD_PRELOAD=libfdguard.so sleep 1; true'
says 'is not either' 'sleep (pid [0-9]*).* ran unguarded: .* the preload was lost'

exits 'the same, in one that is over at once' 98 -- sh -c 'LD_PRELOAD=libfdguard.so /bin/true; true'
says 'is foreseen' "true (pid [0-9]*).* ran unguarded: .* the library's file was out of its reach: the preload was lost"
exits 'by a path that is not there' 98 -- sh -c 'LD_PRELOAD=/no/such/libfdguard.so check-starts spawn /bin/true; true'
says 'is foreseen as well' "check-starts (pid [0-9]*).* the library's file was out of its reach"
ln -s "$FDG_LIB" libfdguard.so
exits 'by another path to the same' 0 -- sh -c 'LD_PRELOAD=$PWD/libfdguard.so show-fds; true'

exits 'one that is killed cannot tell what it had open' 0 --leaks -- sh -c 'sh -c "kill -9 \$\$"; true'
says 'which is said' '^Not in these counts: 1 image that ended without telling what it had open$'

# Options of its own.
cp "$FDG_BIN/cloexec-wrong" wrong
exits 'a program that takes the options away' 98 -- sh -c 'FDGUARD_OPTIONS= ./wrong socket fork show-fds; true'
says 'is told' 'wrong (pid [0-9]*), started by .* ran unguarded: it was started with FDGUARD_OPTIONS of its own, and reports elsewhere \[run\.uncovered\]'
says 'by its whole path' "^     program: $(pwd -P)/wrong$"
echo "run.uncovered exe:$(pwd -P)/wrong # on purpose" >accepted
exits 'accepted by its path' 0 --set suppressions=accepted -- sh -c 'FDGUARD_OPTIONS= ./wrong socket fork show-fds; true'
cp "$static" right
echo "run.uncovered exe:$(pwd -P)/right # static" >accepted
exits 'CMD, accepted by its path' 0 --set suppressions=accepted -- ./right
PATH=$tmp:$PATH exits 'CMD, found in PATH' 0 --set suppressions=accepted -- right
exits 'one by a relative path' 0 --set suppressions=accepted -- check-starts fork ./right

# The loader, started by hand: what it runs is the program.
loader=$(ldd /bin/true | grep -o '/[^ ]*ld-linux[^ ]*')
exits 'a program that the loader was told to run' 99 --out kept -- "$loader" --argv0 other "$FDG_BIN/cloexec-wrong" socket fork "$FDG_BIN/show-fds"
says 'has its own name and code' 'from cloexec-wrong (pid [0-9]*), made at make_socket'
same 'and is what ran' "$FDG_BIN/cloexec-wrong" "$(sed -n 's/.*"exe":"\([^"]*\)","guard":"run","id":"run.start".*/\1/p' kept/log.jsonl | head -n 1)"

# A nested run.
exits 'a run in the run' 0 -- "$FDG_RUN" run --log inner -- cloexec-wrong socket fork show-fds
says 'is said to report elsewhere' 'given options of \(its\|their\) own'
cp /usr/bin/env fdguard-cmd
exits 'a program that is called like one' 98 -- sh -c './fdguard-cmd FDGUARD_OPTIONS=cloexec=off cloexec-wrong socket fork show-fds; true'
says 'is none' 'ran unguarded: it was started with FDGUARD_OPTIONS of its own'
exits 'a check in the check' 98 -- "$FDG_RUN" check --no-supervise -- "$static"
exits 'a check in the check, unharmed' 0 -- "$FDG_RUN" check -- check-starts fork "$FDG_BIN/check-starts"

if [ "$(id -u)" -eq 0 ]; then
	chmod 755 .
	cp "$FDG_BIN/check-starts" starter
	cp "$FDG_BIN/check-starts" capable
	cp "$FDG_BIN/check-starts" suid
	setcap cap_net_bind_service+ep capable
	chmod u+s suid
	as_nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
	# shellcheck disable=SC2086 # words
	exits 'as another user' 0 -- $as_nobody ./starter fork ./starter
	says 'who reports into the same log' '^Covered: 3 programs ran guarded, 0 did not$'
	# shellcheck disable=SC2086 # words
	exits 'as another user, with --out' 0 --out kept -- $as_nobody ./starter fork ./starter
	says 'who reports into it' '^Covered: 3 programs ran guarded, 0 did not$'
	same 'which is closed afterwards' '600 kept/log.jsonl' "$(stat -c '%a %n' kept/l*)"
	# shellcheck disable=SC2086 # words
	$as_nobody env TMPDIR=/tmp PATH="$PATH" FDGUARD_BUILD_DIR="$FDGUARD_BUILD_DIR" "$FDG_RUN" check -- sh -c './capable; ./suid' 2>summary
	same 'privileged programs: exit status' 98 $?
	says 'file capabilities' 'capable .* has file capabilities'
	says 'set-user-ID' 'suid .* is set-user-ID'
fi
finish
