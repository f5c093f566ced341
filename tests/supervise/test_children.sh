# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What a static program hands to those that it starts: what leaks is told of, and is not there with cloexec=fix; what is meant gets there.
. "$FDG_SRC/tests/supervise/lib.sh"
hands=$FDG_BIN/hands dynamic=$FDG_BIN/hands-dynamic

# hands OPTIONS HOW CHILD…: hands, findings as JSON in $tmp/log
hands() {
	options=$1
	shift
	FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$supervise" "$hands" hands "$@"
}
# told PATTERN: of a leak
told() { found "\"id\":\"cloexec.leaked\".*$1"; }

for how in fork vfork spawn exec grandchild search; do
	fresh
	same "$how: without fdguard they are there" "3 4 5 open" "$("$hands" $how "$hands" list)"
	same "$how: with cloexec=fix they are not" "open" "$(hands cloexec=fix $how "$hands" list)"
	check "$how: which is said" found '"id":"cloexec.forced","level":"note","action":"fixed","message":"3 UDP sockets of hands (pid [0-9]*), made at a place that we did not see, would have been inherited by hands"'
	fresh
	same "$how: observed, they are" "3 4 5 open" "$(hands cloexec=report $how "$hands" list)"
	check "$how: and told of" told '"level":"error","action":"reported","message":"hands (pid [0-9]*) inherited 3 UDP sockets from hands (pid [0-9]*), .*"fds":"3-5"'
	same "$how: once" 1 "$(findings cloexec.leaked | wc -l)"
done
fresh
hands cloexec=report vfork "$hands" list >/dev/null
check "the parent is the one that made them" sh -c 'p=$(sed -n "s/.*\"parent_pid\":\([0-9]*\).*/\1/p" log); c=$(grep cloexec.leaked log | sed "s/.*\"pid\":\([0-9]*\),.*/\1/"); [ "$p" -gt 0 ] && [ "$p" != "$c" ]'

# ---- what is meant ----
for how in dup2 itself setfd fionclex; do
	fresh
	list="3 4 5 open"
	[ $how = dup2 ] && list="20 21 22 open"
	same "$how: what the program chose for its child gets there" "$list" "$(hands cloexec=fix $how "$hands" list)"
	refuse "$how: and is no leak" told ""
done
for how in dup dupfd; do
	fresh
	list="6 7 8 open"
	[ $how = dupfd ] && list="20 21 22 open"
	same "$how: copies are left alone" "$list" "$(hands cloexec=fix $how "$hands" list)"
	check "$how: and told of" told 'inherited 3 UDP sockets'
done
same "a copy with close-on-exec says nothing of the original" "open" "$(hands cloexec=fix dupfd-cloexec "$hands" list)"
cp "$hands" refused
for how in refused refused-parent; do
	same "$how: what was held back from an exec that failed gets to the next one, which names it" "3 open" "$(REFUSED=$tmp/refused hands cloexec=fix $how "$hands" list --fd=@)"
	same "$how: and not to one that does not" "open" "$(REFUSED=$tmp/refused hands cloexec=fix $how "$hands" list)"
done
{ head -c 16 "$hands"; printf 'x\000'; tail -c +19 "$hands"; } >no-program
chmod +x no-program
same "where it can be foreseen that an exec fails, nothing is held back: what the program then closes for the next one is its own" "open" \
	"$(REFUSED=$tmp/no-program hands cloexec=fix undone "$hands" list --fd=@)"
same "(and what it does not is there)" "3 open" "$(REFUSED=$tmp/no-program hands cloexec=fix refused "$hands" list --fd=@)"
for left_out in skip=hands only=nothing; do
	fresh
	same "$left_out: a program that is left out hands on what it likes" "3 4 5 open" "$(hands cloexec=fix:$left_out fork "$hands" list)"
	refuse "$left_out: and nothing is said of it" found '"guard":"cloexec"'
done
fresh
same "what has close-on-exec is not there, and nothing is said of it" "open" "$(hands cloexec=fix cloexec "$hands" list)"
refuse "(nothing)" found '"guard":"cloexec"'
same "a copy of a standard stream gets there" "3 open" "$(hands cloexec=fix stream "$hands" list)"
same "a copy that was meant is no excuse for what has its number now" "open" "$(hands cloexec=fix stale "$hands" list)"
for argument in -f@ --fd=@ /dev/fd/@ @; do
	fresh
	same "the argument $argument names one" "3 open" "$(hands cloexec=fix fork "$hands" list "$argument")"
	check "(the others are held back)" found '"count":2,.*"fds":"4-5"'
done
same "so does a variable" "4 open" "$(CONTROL_FD=4 hands cloexec=fix fork "$hands" list)"
same "make's jobserver is one of pipes" "open" "$(MAKEFLAGS='-j2 --jobserver-auth=3,4' hands cloexec=fix fork "$hands" list)"
same "and those of a make get there" "3 4 open" "$(MAKEFLAGS='-j2 --jobserver-auth=3,4' FDGUARD_OPTIONS="log=none" "$supervise" "$bash" bash -c 'exec 3</dev/null 4>/dev/null; exec "$1" list' - "$hands")"
same "LISTEN_FDS for this very process" "3 4 open" "$(hands cloexec=fix exec "$bash" -c 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$0" exec "$0" list' "$hands" | head -n 1)"
same "cloexec.allow" "4 open" "$(hands cloexec.allow=4 fork "$hands" list)"
same "other kinds than those of cloexec.kinds" "3 4 5 open" "$(hands cloexec.kinds=epoll fork "$hands" list)"
same "cloexec=off" "3 4 5 open" "$(hands cloexec=off fork "$hands" list)"
fresh
same "a server that starts itself again keeps its listener, and nothing else" "6 open" "$(hands cloexec=fix listen "$hands" list)"
check "which is said" found '"message":"1 TCP socket of hands .* is a listener and was left open for hands, the same program started again"'

# ---- what cannot be mended ----
fresh
same "files and epolls stay" "6 7 open" "$(hands cloexec=fix others "$hands" list)"
check "a file is a note where files are left alone on purpose" told '"level":"note".*inherited 1 file from'
check "an epoll is an error" told '"level":"error".*inherited 1 epoll from'
fresh
hands cloexec=report others "$hands" list >/dev/null
check "observed, a file is a warning" told '"level":"warning".*inherited 1 file from'
fresh
same "a program with threads is not changed" "3 4 5 open" "$(hands cloexec=fix threads "$hands" list)"
check "and told of" told 'inherited 3 UDP sockets'
fresh
same "nor is it where we may not have its descriptors" "3 4 5 open" \
	"$(FDGUARD_OPTIONS="cloexec=fix:format=json:log=$tmp/log" "$FDG_BIN/outer" deny "$supervise" "$hands" hands fork "$hands" list)"
check "and told of, as its arguments are to be had by /proc" told 'inherited 3 sockets from hands'

# ---- what it was started with ----
fresh
with_12='exec 12<>/dev/null; exec "$@"'
same "what it was started with is not its leak" "3 4 5 12 open" \
	"$(FDGUARD_OPTIONS="cloexec=report:format=json:log=$tmp/log" bash -c "$with_12" - "$supervise" "$hands" hands fork "$hands" list)"
check "(its own are)" told '"fds":"3-5"'
same "(nothing else is)" 1 "$(findings cloexec.leaked | wc -l)"
check "but its caller's" found '"id":"cloexec.inherited","level":"warning".*"message":"hands (pid [0-9]*) was started with 1 descriptor that nobody named: 1 device"'
same "cloexec.inherited=close closes it before the program begins" "open" "$(FDGUARD_OPTIONS="cloexec.inherited=close:log=none" bash -c "$with_12" - "$supervise" "$hands" hands list)"

# ---- children with the preload ----
export LD_PRELOAD="$FDG_LIB"
fresh
same "a child that loads the preload" "3 4 5 open" "$(hands cloexec=report fork "$dynamic" list)"
same "is told of once, by us" "cloexec.leaked" "$(findings '"level":"\(warning\|error\)"' | sed 's/.*"id":"\([^"]*\)".*/\1/')"
fresh
same "what is meant for it" "20 21 22 open" "$(hands cloexec=fix dup2 "$dynamic" list)"
refuse "is not told of by itself" found '"level":"\(warning\|error\)"'
fresh
same "and not closed: cloexec.inherited=close is for what nobody meant" "20 21 22 open" "$(hands cloexec.inherited=close dup2 "$dynamic" list)"
fresh
same "of a preloaded parent the preload judges, and its static child is told of" "3 4 5 open" \
	"$(FDGUARD_OPTIONS="cloexec=report:format=json:log=$tmp/log" "$supervise" "$dynamic" hands-dynamic fork "$hands" list)"
check "with the place that made them" told 'hands (pid [0-9]*) inherited 3 UDP sockets from hands-dynamic (pid [0-9]*), made at main'
same "once" 1 "$(findings cloexec.leaked | wc -l)"
fresh
same "cloexec=fix there is the preload's" "open" "$(FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$dynamic" hands-dynamic fork "$hands" list)"
unset LD_PRELOAD

# ---- shells ----
fresh
same "a static shell's files, and its sockets' copies at numbers that it chose" "3 4 open" "$(FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$bash" bash -c 'exec 3</etc/passwd; "$0" list 4>&1' "$hands")"
check "are for its children" quiet

# A parent that has many, and starts many.
fresh
many='for i in $(seq 1 300); do eval "exec $((i + 10))<>/dev/null"; done; for i in $(seq 1 20); do "$0" list >/dev/null; done'
check "hundreds of descriptors, and twenty children" env FDGUARD_OPTIONS="format=json:log=$tmp/log" "$supervise" "$bash" bash -c "$many" "$hands"
check "(nothing to say)" quiet

finish
